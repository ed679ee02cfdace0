#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

Status error_set(Error *error, Status status, const char *format, ...) {
    if (!error) return status;
    error->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return status;
}

Status error_prefix(Error *error, Status status, const char *format, ...) {
    if (!error) return status;
    char old[sizeof error->message];
    memcpy(old, error->message, sizeof old);
    old[sizeof old - 1] = '\0';

    char *message = error->message;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(message, sizeof error->message, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof error->message) return status;
    int added = snprintf(message + length, sizeof error->message - (size_t)length, ": %s", old);
    if (added < 0) message[length] = '\0';
    return status;
}
