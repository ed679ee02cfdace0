/* SAM's random Fourier features of positions. */
#include "base/size.h"
#include "compute/cpu/range.h"
#include "compute/cpu/vec_math.h"

typedef struct Job {
    float *y;
    const float *p, *g;
    size_t axes, half;
} Job;

enum { RUN = 128 }; /* features at a time */

/* Angles in turns, without the whole ones.  They reach dozens, so they are summed in double. */
static void turns_of(float turns[RUN], const Job *j, const float *p, size_t first, size_t count) {
    const double round = 6755399441055744.0; /* 1.5 2^52: adding it leaves the integer */
    double sum[RUN];
    for (size_t c = 0; c < RUN; c++) sum[c] = 0.0;
    for (size_t a = 0; a < j->axes; a++) {
        const float *g = j->g + a * j->half + first;
        double at = 2.0 * (double)p[a] - 1.0;
        for (size_t c = 0; c < count; c++) sum[c] += at * (double)g[c];
    }
    for (size_t c = 0; c < RUN; c++) turns[c] = (float)(sum[c] - ((sum[c] + round) - round));
}

/* Half a turn changes both signs. */
static void encode(float *y, size_t half, const float turns[RUN], size_t count) {
    for (size_t c = 0; c < count; c += LANES) {
        Vec t = vec_load(turns + c);
        Vec sign = vec_select(vec_abs(t) > 0.25f, vec_set(-1.0f), vec_set(1.0f));
        Vec shift = vec_select(t > 0.25f, vec_set(0.5f), vec_zero());
        Vec f = t - vec_select(t < -0.25f, vec_set(-0.5f), shift);
        vec_put(y + c, sign * vec_sin_turn(f), count - c);
        vec_put(y + half + c, sign * vec_cos_turn(f), count - c);
    }
}

static void points(void *context, size_t begin, size_t end) {
    const Job *j = context;
    float turns[RUN];
    for (size_t i = begin; i < end; i++) {
        for (size_t c = 0; c < j->half; c += RUN) {
            size_t count = size_min(RUN, j->half - c);
            turns_of(turns, j, j->p + i * j->axes, c, count);
            encode(j->y + i * 2 * j->half + c, j->half, turns, count);
        }
    }
}

void ENTRY(fourier)(const Worker *w, float *y, const float *p, const float *g, size_t n, int axes,
                    int half) {
    Job j = {y, p, g, (size_t)axes, (size_t)half};
    range_run(w, points, &j, n, range_grain(j.half * 8));
}
