/* adapter.h - SAM-Med2D's adapter beside an encoder block's MLP (docs/spec/sam.md, 8.1).
 *
 *     c = sigmoid(Wb relu(Wa mean(n)));  m = c n
 *     s = relu(up(relu(down(m))))         3x3 stride 2, then transposed 4x4 stride 2: even grids
 * only output = LayerNorm(n + s)           eps 1e-5
 */
#ifndef NN_ADAPTER_H
#define NN_ADAPTER_H

#include "nn/layers.h"

typedef struct Adapter {
    LayerNorm norm;
    Linear squeeze, excite; /* without bias */
    Convolution down, up;
} Adapter;

void adapter_declare(Adapter *a, Params *p, int dim);
Tensor *adapter_forward(Compute *cx, const Adapter *a, Tensor *n); /* [b,h,w,dim] */

#endif
