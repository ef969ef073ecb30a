"""Colors that come from data: which text is readable on them (WCAG 2.2, relative luminance)."""

BLACK, WHITE = "#000000", "#ffffff"


def text_on(color: str) -> str:
    """Black or white, whichever contrasts more with a color written #rrggbb: never below 4.5."""
    return max(BLACK, WHITE, key=lambda text: contrast(text, color))


def contrast(one: str, other: str) -> float:
    """From 1 to 21; text wants 4.5, what is drawn 3."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
