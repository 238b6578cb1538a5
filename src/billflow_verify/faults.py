"""What is wrong with a proof, in one sentence."""


class ProofFault(Exception):
    """A proof does not hold; the message is one sentence that names what is wrong."""


def demand(holds: object, sentence: str) -> None:
    """Raise `ProofFault` with *sentence* unless something holds."""
    if not holds:
        raise ProofFault(sentence)
