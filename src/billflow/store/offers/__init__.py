"""Offers and coupons as rows.

`repository` writes and reads offers, `records` shows them; `coupons` makes and attaches coupons, and what steps and
invoices do with one is in `coupon_records`.
"""
