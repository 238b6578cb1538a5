"""The words on an invoice in each language; texts in braces are filled in."""

from dataclasses import dataclass

from billflow.domain.invoicing.draft import LineKind
from billflow.models.contracts.invoices import InvoiceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Translations:
    """What an invoice says in one language."""

    invoice: str
    draft: str
    number: str
    issued: str
    due: str
    status: str
    bill_to: str
    what: str
    quantity: str
    each: str
    amount: str
    total: str
    credit: str
    paid: str
    open: str
    page: str
    pay_here: str
    charged: str
    transfer: str
    how: str
    days: str
    share: str
    rounded_half_up: str
    rounded_up: str
    rounded_down: str
    months: str
    less: str
    capped: str
    below_list: str
    instalment: str
    statuses: dict[InvoiceStatus, str]
    titles: dict[LineKind, str]


_EN = Translations(
    invoice="Invoice",
    draft="Draft invoice",
    number="Number",
    issued="Date",
    due="Due",
    status="Status",
    bill_to="Bill to",
    what="Description",
    quantity="Quantity",
    each="Unit price",
    amount="Amount",
    total="Total",
    credit="Credit applied",
    paid="Paid",
    open="Amount due",
    page="Page {n} of {all}",
    pay_here="Pay online",
    charged="The amount is charged to your default payment method.",
    transfer="Please pay by {date}.",
    how="{quantity} × {price}",
    days="{part} of {whole} days",
    share="{part}/{whole} of the period",
    rounded_half_up="rounded half up to {each} each",
    rounded_up="rounded up to {each} each",
    rounded_down="rounded down to {each} each",
    months="{n} months at {price} each",
    less="less {each} each billed before",
    capped="no more than is charged",
    below_list="the price is {percent} below list price",
    instalment="part {n} of 12 of {price} a year",
    statuses={
        InvoiceStatus.DRAFT: "draft",
        InvoiceStatus.OPEN: "open",
        InvoiceStatus.PAID: "paid",
        InvoiceStatus.VOID: "void",
        InvoiceStatus.UNCOLLECTIBLE: "uncollectible",
    },
    titles={
        LineKind.INITIAL_UPGRADE: "{tier}",
        LineKind.FIXED_PRICE_UPGRADE: "{tier}",
        LineKind.RENEWAL: "{tier}, renewal",
        LineKind.FIXED_PRICE_RENEWAL: "{tier}, renewal",
        LineKind.ADDITIONAL_LICENSES: "{tier}, additional licenses",
        LineKind.FLAT_DISCOUNT: "New customer discount",
        LineKind.END_DATE_CHANGE: "{tier}, additional licenses, end date moved",
        LineKind.CREDIT_TO_BALANCE: "Credit to your balance",
    },
)
_DE = Translations(
    invoice="Rechnung",
    draft="Rechnungsentwurf",
    number="Nummer",
    issued="Datum",
    due="Fällig am",
    status="Stand",
    bill_to="Rechnung an",
    what="Beschreibung",
    quantity="Menge",
    each="Einzelpreis",
    amount="Betrag",
    total="Summe",
    credit="Verrechnetes Guthaben",
    paid="Bezahlt",
    open="Zu zahlen",
    page="Seite {n} von {all}",
    pay_here="Online bezahlen",
    charged="Der Betrag wird von Ihrem Standard-Zahlungsmittel abgebucht.",
    transfer="Bitte zahlen Sie bis zum {date}.",
    how="{quantity} × {price}",
    days="{part} von {whole} Tagen",
    share="{part}/{whole} des Zeitraums",
    rounded_half_up="kaufmännisch gerundet auf je {each}",
    rounded_up="aufgerundet auf je {each}",
    rounded_down="abgerundet auf je {each}",
    months="{n} Monate zu je {price}",
    less="abzüglich bereits berechneter {each} je Lizenz",
    capped="höchstens so viel, wie berechnet wird",
    below_list="der Preis liegt {percent} unter dem Listenpreis",
    instalment="Rate {n} von 12 von {price} im Jahr",
    statuses={
        InvoiceStatus.DRAFT: "Entwurf",
        InvoiceStatus.OPEN: "offen",
        InvoiceStatus.PAID: "bezahlt",
        InvoiceStatus.VOID: "storniert",
        InvoiceStatus.UNCOLLECTIBLE: "uneinbringlich",
    },
    titles={
        LineKind.INITIAL_UPGRADE: "{tier}",
        LineKind.FIXED_PRICE_UPGRADE: "{tier}",
        LineKind.RENEWAL: "{tier}, Verlängerung",
        LineKind.FIXED_PRICE_RENEWAL: "{tier}, Verlängerung",
        LineKind.ADDITIONAL_LICENSES: "{tier}, zusätzliche Lizenzen",
        LineKind.FLAT_DISCOUNT: "Neukundenrabatt",
        LineKind.END_DATE_CHANGE: "{tier}, zusätzliche Lizenzen, Enddatum geändert",
        LineKind.CREDIT_TO_BALANCE: "Gutschrift auf Ihr Guthaben",
    },
)
_FR = Translations(
    invoice="Facture",
    draft="Projet de facture",
    number="Numéro",
    issued="Date",
    due="Échéance",
    status="État",
    bill_to="Facturé à",
    what="Description",
    quantity="Quantité",
    each="Prix unitaire",
    amount="Montant",
    total="Total",
    credit="Avoir imputé",
    paid="Payé",
    open="Reste à payer",
    page="Page {n} sur {all}",
    pay_here="Payer en ligne",
    charged="Le montant est prélevé sur votre moyen de paiement par défaut.",
    transfer="Merci de régler avant le {date}.",
    how="{quantity} × {price}",
    days="{part} jours sur {whole}",
    share="{part}/{whole} de la période",
    rounded_half_up="arrondi au plus proche à {each} chacune",
    rounded_up="arrondi au supérieur à {each} chacune",
    rounded_down="arrondi à l'inférieur à {each} chacune",
    months="{n} mois à {price} chacun",
    less="moins {each} chacun déjà facturés",
    capped="au plus ce qui est facturé",
    below_list="le prix est inférieur de {percent} au prix catalogue",
    instalment="échéance {n} sur 12 de {price} par an",
    statuses={
        InvoiceStatus.DRAFT: "projet",
        InvoiceStatus.OPEN: "ouverte",
        InvoiceStatus.PAID: "payée",
        InvoiceStatus.VOID: "annulée",
        InvoiceStatus.UNCOLLECTIBLE: "irrécouvrable",
    },
    titles={
        LineKind.INITIAL_UPGRADE: "{tier}",
        LineKind.FIXED_PRICE_UPGRADE: "{tier}",
        LineKind.RENEWAL: "{tier}, renouvellement",
        LineKind.FIXED_PRICE_RENEWAL: "{tier}, renouvellement",
        LineKind.ADDITIONAL_LICENSES: "{tier}, licenses supplémentaires",
        LineKind.FLAT_DISCOUNT: "Remise nouveau client",
        LineKind.END_DATE_CHANGE: "{tier}, licenses supplémentaires, date de fin modifiée",
        LineKind.CREDIT_TO_BALANCE: "Crédit sur votre solde",
    },
)
_IT = Translations(
    invoice="Fattura",
    draft="Bozza di fattura",
    number="Numero",
    issued="Data",
    due="Scadenza",
    status="Stato",
    bill_to="Intestata a",
    what="Descrizione",
    quantity="Quantità",
    each="Prezzo unitario",
    amount="Importo",
    total="Totale",
    credit="Credito applicato",
    paid="Pagato",
    open="Da pagare",
    page="Pagina {n} di {all}",
    pay_here="Paga online",
    charged="L'importo viene addebitato sul metodo di pagamento predefinito.",
    transfer="Si prega di pagare entro il {date}.",
    how="{quantity} × {price}",
    days="{part} giorni su {whole}",
    share="{part}/{whole} del periodo",
    rounded_half_up="arrotondato a {each} ciascuna",
    rounded_up="arrotondato per eccesso a {each} ciascuna",
    rounded_down="arrotondato per difetto a {each} ciascuna",
    months="{n} mesi a {price} ciascuno",
    less="meno {each} per licenza già fatturati",
    capped="al massimo quanto fatturato",
    below_list="il prezzo è inferiore del {percent} al listino",
    instalment="rata {n} di 12 di {price} all'anno",
    statuses={
        InvoiceStatus.DRAFT: "bozza",
        InvoiceStatus.OPEN: "aperta",
        InvoiceStatus.PAID: "pagata",
        InvoiceStatus.VOID: "annullata",
        InvoiceStatus.UNCOLLECTIBLE: "inesigibile",
    },
    titles={
        LineKind.INITIAL_UPGRADE: "{tier}",
        LineKind.FIXED_PRICE_UPGRADE: "{tier}",
        LineKind.RENEWAL: "{tier}, rinnovo",
        LineKind.FIXED_PRICE_RENEWAL: "{tier}, rinnovo",
        LineKind.ADDITIONAL_LICENSES: "{tier}, licenze aggiuntive",
        LineKind.FLAT_DISCOUNT: "Sconto nuovo cliente",
        LineKind.END_DATE_CHANGE: "{tier}, licenze aggiuntive, data di fine modificata",
        LineKind.CREDIT_TO_BALANCE: "Accredito sul suo saldo",
    },
)

LANGUAGES = {"en": _EN, "de": _DE, "fr": _FR, "it": _IT}
FALLBACK = "en"


def words_in(language: str) -> Translations:
    """Return the words of a language by its ISO 639 code, English where we have none."""
    return LANGUAGES.get(language, _EN)
