"""A message as a letter: the same words in the program's name and color (domain 1.13).

Mail programs know neither style sheets nor pictures they have not fetched, so the letter carries its few styles itself.
"""

from django.template.loader import render_to_string

from common.colors import text_on
from programs.models import Program

# As messages/base.txt writes it before program and membership.
FOOT = "\n-- \n"


def letter_of(program: Program, subject: str, body: str, *, language: str) -> str:
    """HTML; whatever the words are, they are shown as words."""
    words, _, foot = body.partition(FOOT)
    context = {
        "program": program,
        "color": program.brand_color,
        "on_color": text_on(program.brand_color),
        "subject": subject,
        "paragraphs": [one.strip() for one in words.split("\n\n") if one.strip()],
        "foot": foot.strip(),
        "language": language,
    }
    return render_to_string("messages/letter.html", context)
