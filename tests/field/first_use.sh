#!/usr/bin/env bash
# The findings of a first use, against the list of facts that are known not to hold.
exec tests/field/run --table first_use --open
