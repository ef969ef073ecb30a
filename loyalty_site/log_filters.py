"""What is left out of logs: the links members answer by and the codes of vouchers are secrets, and Django logs the path
of every refusal."""

import logging
import re

SECRET_PATH = re.compile(r"(/consent/|/api/vouchers/)[^\s\"'?#/]+")


class WithoutSecretPaths(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _masked(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_masked(one) for one in record.args)
        return True


def _masked(value: object) -> object:
    return SECRET_PATH.sub(r"\1***", value) if isinstance(value, str) else value
