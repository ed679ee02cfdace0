// header_test.cc - a C++ program can include every public header, alone (the generated files beside
// it) and together, and link the library.
#include "voxpert_headers.h"

static_assert(VOXPERT_BAD_OUTPUT == 6 && VOXPERT_INTERRUPTED == 130, "statuses are exit codes");

int main() {
    VoxpertError error = {VOXPERT_BAD_INPUT, "scan.nii: dim[0] must be 1 to 7", ""};
    return error.status == VOXPERT_BAD_INPUT && error.message[0] == 's' ? 0 : 1;
}
