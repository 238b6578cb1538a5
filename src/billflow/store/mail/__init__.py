"""The mail log.

`repository` is the log of mails: what there is to say, what was written, whether it was sent.
"""
