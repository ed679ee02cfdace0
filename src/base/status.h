/* status.h - results of calls that can fail, for use inside the library. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <voxpert/error.h>

typedef VoxpertStatus Status;
typedef VoxpertError Error;

#define MUST_CHECK __attribute__((warn_unused_result))

/* Fills `error` (NULL accepted) and returns `status`:  return error_set(e, VOXPERT_BAD_INPUT, ...)
 * Names in the message may hold anything: it is made printable (base/quote.h). */
Status error_set(Error *error, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same of an option or setting: its name goes to error->field, and is not written as a flag. */
Status error_set_field(Error *error, Status status, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "prefix: " before a message that is already there (NULL accepted); returns its status. */
Status error_prefix(Error *error, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
