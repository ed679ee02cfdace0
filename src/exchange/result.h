/* result.h - the records of a result, for the report. */
#ifndef EXCHANGE_RESULT_H
#define EXCHANGE_RESULT_H

#include <jansson.h>
#include <voxpert/exchange.h>

/* An array, borrowed from the result. */
json_t *result_records(const VoxpertResult *r);

#endif
