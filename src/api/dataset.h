/* dataset.h - what stands behind the public handle of a data set. */
#ifndef API_DATASET_H
#define API_DATASET_H

#include <voxpert/dataset.h>

#include "data/catalog.h"

struct VoxpertDataset {
    Catalog catalog;
};

#endif
