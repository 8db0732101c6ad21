"""Facts about a deployed site as pytest tests, for users' own CI.

`pytest --pyargs provision.sitetests --site FILE`. They only read.
Expected values are the role variables that the site gives each host.
"""
