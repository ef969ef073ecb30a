"""Texts of a program's notices: which there are, and a page to write one."""
