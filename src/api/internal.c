#include "api/internal.h"

Status null_argument(const char *function, Error *error) {
    return error_set(error, VOXPERT_BAD_ARGUMENT, "%s: a pointer that must be given is NULL",
                     function);
}
