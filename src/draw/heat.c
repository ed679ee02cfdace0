#include "draw/heat.h"

#include <math.h>

Colour heat_colour(double value) {
    static const double stop[][3] = {{12, 8, 40},    {66, 16, 106},  {132, 32, 107}, {193, 58, 80},
                                     {236, 105, 38}, {249, 172, 40}, {252, 246, 190}};
    enum { STEPS = sizeof stop / sizeof *stop - 1 };
    double at = fmin(fmax(value, 0.0), 1.0) * STEPS, shade[3];
    int from = at < STEPS ? (int)at : STEPS - 1;
    for (int i = 0; i < 3; i++)
        shade[i] = stop[from][i] + (stop[from + 1][i] - stop[from][i]) * (at - from);
    return (Colour){(uint8_t)(shade[0] + 0.5), (uint8_t)(shade[1] + 0.5),
                    (uint8_t)(shade[2] + 0.5)};
}

/* Weak values let the picture through, so that one sees what is looked at. */
void heat_draw(Canvas c, const float *values) {
    for (size_t i = 0; i < extent_pixels(c.size); i++) {
        double value = fmin(fmax((double)values[i], 0.0), 1.0);
        canvas_mix(c, i, heat_colour(value), 0.75 * sqrt(value));
    }
}

void heat_bar(Canvas c, size_t x, size_t y, Extent size) {
    for (size_t row = 0; row < size.height; row++)
        for (size_t i = 0; i < size.width; i++)
            if (x + i < c.size.width && y + row < c.size.height)
                canvas_mix(c, (y + row) * c.size.width + x + i,
                           heat_colour((double)i / (double)(size.width - 1)), 1.0);
}
