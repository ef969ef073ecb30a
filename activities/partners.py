"""Who else sends activities to a program, as a channel or a file names them."""

from activities.errors import UnknownPartner
from programs.design import Design
from programs.models import Partner


def active_partner(design: Design, code: str) -> Partner:
    """Kept with the design's version. Raises UnknownPartner, for one that is not active too."""
    partners = design.derived.get("partners")
    if not isinstance(partners, dict):
        rows = Partner.objects.filter(program_id=design.program.pk, is_active=True)
        partners = design.derived["partners"] = {one.code: one for one in rows}
    found: Partner | None = partners.get(code)
    if found is None:
        raise UnknownPartner(
            f"{design.program.name} has no active partner “{code}”.", facts={"partners": sorted(partners)}
        )
    return found
