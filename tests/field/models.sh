#!/usr/bin/env bash
# The field cases of that table, against the list of facts that are known not to hold.
exec tests/field/run --table models --open
