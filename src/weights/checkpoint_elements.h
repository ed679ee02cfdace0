/* checkpoint_elements.h - element types of checkpoints, and the small floats among them. */
#ifndef WEIGHTS_CHECKPOINT_ELEMENTS_H
#define WEIGHTS_CHECKPOINT_ELEMENTS_H

#include "weights/checkpoint.h"

/* The type that safetensors spells so; false where there is none that we read. */
bool element_from_name(ElementType *out, const char *name);

float float_from_f16(uint16_t bits); /* exact */
float float_from_bf16(uint16_t bits);

/* Round to nearest, ties to even; what is too large becomes infinite. */
uint16_t f16_from_float(float value);
uint16_t bf16_from_float(float value);

/* Whether no value is infinite or NaN. */
bool floats_are_finite(const float *values, size_t count);

#endif
