/* version.h - which version a program was compiled against, and which it runs with.
 *
 * A program goes on working with every later library of the same major version (before 1.0: of the
 * same minor version), without being compiled again:
 *
 * - Structs whose first member is `size` may get more members, at their end.  The caller sets
 * `size` to the struct's sizeof, or leaves it 0, which is the sizeof of version 0.1.  What such a
 * struct lacks counts as 0.  Members of a later version that this library does not have must be 0;
 * else the call ends with VOXPERT_BAD_ARGUMENT, and `field` is "size".  Of results, no more is
 * written than `size` says, and `size` becomes what was written.
 * - All other structs stay as they are.
 * - dataset.h, evaluate.h, exchange.h, experts.h and train.h may change in every minor version.
 *   They are for those who define VOXPERT_UNSTABLE before they include them. */
#ifndef VOXPERT_VERSION_H
#define VOXPERT_VERSION_H

#include <voxpert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VOXPERT_VERSION_MAJOR  0
#define VOXPERT_VERSION_MINOR  1
#define VOXPERT_VERSION_PATCH  0
#define VOXPERT_VERSION        "0.1.0"
#define VOXPERT_VERSION_NUMBER 100 /* 10000 MAJOR + 100 MINOR + PATCH */

/* Of the library that runs, as VOXPERT_VERSION. */
VOXPERT_API const char *voxpert_version(void);

/* The same as VOXPERT_VERSION_NUMBER. */
VOXPERT_API int voxpert_version_number(void);

#ifdef __cplusplus
}
#endif

#endif
