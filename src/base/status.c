#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/quote.h"

__attribute__((format(printf, 4, 0))) static Status fill(Error *error, Status status,
                                                         const char *field, const char *format,
                                                         va_list args) {
    if (!error) return status;
    char message[sizeof error->message];
    error->status = status;
    snprintf(error->field, sizeof error->field, "%s", field);
    vsnprintf(message, sizeof message, format, args);
    text_printable(error->message, sizeof error->message, message);
    return status;
}

Status error_set(Error *error, Status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(error, status, "", format, args);
    va_end(args);
    return status;
}

Status error_set_field(Error *error, Status status, const char *field, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(error, status, field, format, args);
    va_end(args);
    return status;
}

Status error_prefix(Error *error, Status status, const char *format, ...) {
    if (!error) return status;
    char old[sizeof error->message];
    memcpy(old, error->message, sizeof old);
    old[sizeof old - 1] = '\0';

    char *message = error->message, prefix[sizeof error->message];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    text_printable(message, sizeof error->message, prefix);
    size_t length = strlen(message);
    if (text_printable(message + length, sizeof error->message - length, ": "))
        text_printable(message + length + 2, sizeof error->message - length - 2, old);
    return status;
}
