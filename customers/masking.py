"""Personal values shown just enough to be recognized by who knows them."""

STARS = "***"


def masked_name(name: str | None) -> str | None:
    """Michael Adams -> M*** A***."""
    return " ".join(f"{word[0]}{STARS}" for word in (name or "").split()) or None


def masked_email(email: str | None) -> str | None:
    """michael@example.com -> m***@e***.com."""
    if not email:
        return None
    local, _, domain = email.lower().rpartition("@")
    host, dot, ending = domain.rpartition(".")
    return f"{local[:1]}{STARS}@{(host or ending)[:1]}{STARS}" + (f"{dot}{ending}" if host else "")


def masked_phone(phone: str | None) -> str | None:
    """+491701234567 -> ***67."""
    return f"{STARS}{phone[-2:]}" if phone else None
