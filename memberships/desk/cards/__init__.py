"""Cards at the desk: tasks about one card, its printable front, the playbook for a lost one."""
