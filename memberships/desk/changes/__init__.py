"""Pages of membership changes: propose, preview, ask for consent, carry out, undo (interfaces 3.2)."""
