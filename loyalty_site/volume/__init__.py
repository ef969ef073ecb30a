"""A grown program made at once: customers, memberships, cards and years of ledger, for measuring and trying out.

`people` draws who there is, `walking` and `booking` what happened on their accounts, in plain Python; `staging` brings
both into temporary tables; `sql` turns those into rows of every table, set by set; `rebuilding` takes indexes and
foreign keys away meanwhile and puts them back, which proves them; `seeding` is the order of it all.
"""
