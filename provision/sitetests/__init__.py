"""Facts about a deployed site as pytest tests, for users' own CI.

`ASTRAEUS_SITE=FILE pytest --pyargs provision.sitetests`; the default is the remembered site. They only read.
Expected values are the role variables that the site gives each host.
"""
