/* Losses of masks, all of them functions of a few sums over logits and targets.
 *
 * Published rule (SAM-Med2D, IMIS-Net): focal with alpha 0.25, gamma 2, averaged over all elements;
 * dice = 1 - (2 sum pt + 1) / (sum p + sum t + 1); soft iou = (sum pt + 1e-7) / (sum p + sum t -
 * sum pt + 1e-7); loss = 20 focal + dice + mean (iou - predicted)^2, sums over the whole batch.
 * DiceCE (MONAI): per sample dice = 1 - (2 sum pt + 1e-5) / (sum p^2 + sum t^2 + 1e-5), averaged,
 * plus the mean cross-entropy.
 *
 * Elements whose target is below 0 are ignored as nnU-Net's ignore label is: sums and means are
 * over the others; a group without any other has no Dice and IoU term. */
#include <assert.h>
#include <string.h>

#include "ops/ops.h"

typedef struct Loss {
    MaskLoss how;
    size_t groups, n;         /* groups of n logits share one set of sums */
    size_t predictions;       /* for each group */
    MaskSumsGradient *slopes; /* [groups], in the records */
    float *iou_slopes;        /* [groups predictions] */
} Loss;

static void mask_loss_backward(Compute *cx, const Node *node) {
    const Loss *l = node->how;
    Tensor *logits = node->in[0], *target = node->in[1], *iou = node->in[2];
    const float *seed = tensor_grad(node->out);
    double by = compute_measures(cx) ? 0.0 : (double)seed[0];
    MaskSumsGradient *slopes = l->slopes;
    for (size_t g = 0; g < l->groups; g++) {
        slopes[g].p *= by, slopes[g].pt *= by, slopes[g].pp *= by;
        slopes[g].focal_inside *= by, slopes[g].focal_outside *= by, slopes[g].cross_entropy *= by;
    }
    float *dx = grad_of(cx, logits), *diou = grad_of(cx, iou);
    if (dx)
        cx->kernels->mask_sums_backward(cx->worker, dx, slopes, logits->data, target->data,
                                        l->groups, l->n);
    size_t count = l->groups * l->predictions;
    for (size_t i = 0; i < count; i++) l->iou_slopes[i] *= (float)by;
    if (diou) cx->kernels->accumulate(cx->worker, diou, l->iou_slopes, count);
}

/* One group's terms, added into `parts`, and their slopes. */
static void dice_term(MaskLossParts *parts, MaskSumsGradient *d, const MaskSums *s,
                      const MaskLoss *how, double share) {
    if (!(s->count > 0.0)) return;
    bool squared = how->rule == MASK_LOSS_DICE_CE;
    double smooth = squared ? 1e-5 : 1.0;
    double over = 2.0 * s->pt + smooth;
    double under = (squared ? s->pp + s->tt : s->p + s->t) + smooth;
    parts->dice += share * (1.0 - over / under);
    double weight = share * (double)how->dice;
    d->pt -= weight * 2.0 / under;
    *(squared ? &d->pp : &d->p) += weight * over / (under * under);
}

static void iou_term(MaskLossParts *parts, MaskSumsGradient *d, float *slopes, const MaskSums *s,
                     const float *predicted, size_t predictions, const MaskLoss *how,
                     double share) {
    assert(predicted || predictions == 0);
    for (size_t i = 0; i < predictions; i++) slopes[i] = 0.0f;
    if (!(s->count > 0.0)) return;
    double over = s->pt + 1e-7, under = s->p + s->t - s->pt + 1e-7, iou = over / under;
    parts->iou += share * iou;
    double slope = 0.0;
    for (size_t i = 0; i < predictions; i++) {
        double error = iou - (double)predicted[i];
        double weight = share * (double)how->iou / (double)predictions;
        parts->iou_error += share * error * error / (double)predictions;
        slopes[i] = (float)(-2.0 * weight * error);
        slope += 2.0 * weight * error;
    }
    if (how->iou_detached) return;
    d->pt += slope * (1.0 / under + over / (under * under));
    d->p -= slope * over / (under * under);
}

static void terms(MaskLossParts *parts, Loss *l, const MaskSums *sums, const float *predicted) {
    const MaskLoss *how = &l->how;
    double total = 0.0, counted = 0.0;
    for (size_t g = 0; g < l->groups; g++) {
        total += sums[g].count;
        counted += sums[g].count > 0.0;
    }
    double share = counted > 0.0 ? 1.0 / counted : 0.0;
    for (size_t g = 0; g < l->groups; g++) {
        MaskSumsGradient *d = &l->slopes[g];
        *d = (MaskSumsGradient){0};
        parts->focal +=
            (0.25 * sums[g].focal_inside + 0.75 * sums[g].focal_outside) / (total + 1e-12);
        d->focal_inside = (double)how->focal * 0.25 / (total + 1e-12);
        d->focal_outside = (double)how->focal * 0.75 / (total + 1e-12);
        parts->cross_entropy += total > 0.0 ? sums[g].cross_entropy / total : 0.0;
        d->cross_entropy = total > 0.0 ? (double)how->cross_entropy / total : 0.0;
        dice_term(parts, d, &sums[g], how, share);
        iou_term(parts, d, l->iou_slopes + g * l->predictions, &sums[g],
                 predicted ? predicted + g * l->predictions : NULL, l->predictions, how, share);
    }
    parts->loss = (double)how->focal * parts->focal + (double)how->dice * parts->dice +
                  (double)how->iou * parts->iou_error +
                  (double)how->cross_entropy * parts->cross_entropy;
}

Tensor *op_mask_loss(Compute *cx, Tensor *logits, Tensor *target, Tensor *predicted_iou,
                     const MaskLoss *how, MaskLossParts *parts) {
    if (!compute_ok(cx)) return &cx->dummy;
    size_t batch = (size_t)logits->dim[0];
    if (tensor_size(target) != tensor_size(logits)) return compute_fail(cx, "mask_loss: target");
    if (predicted_iou && tensor_size(predicted_iou) != batch)
        return compute_fail(cx, "mask_loss: predicted iou");
    bool each = how->per_sample || how->rule == MASK_LOSS_DICE_CE;
    Loss l = {.how = *how, .groups = each ? batch : 1};
    l.n = tensor_size(logits) / l.groups;
    l.predictions = predicted_iou ? batch / l.groups : 0;
    MaskSums *sums = arena_alloc(cx->records, l.groups * sizeof *sums);
    l.slopes = arena_alloc(cx->records, l.groups * sizeof *l.slopes);
    l.iou_slopes = arena_alloc(cx->records, batch * sizeof *l.iou_slopes);
    Tensor *loss = tensor_new(cx, 1, (int[]){1});
    if (!sums || !l.slopes || !l.iou_slopes) return compute_fail(cx, "out of record memory");
    if (!compute_ok(cx)) return &cx->dummy;

    cx->kernels->mask_sums(cx->worker, sums, logits->data, target->data, l.groups, l.n);
    MaskLossParts mine = {0};
    if (!compute_measures(cx)) {
        terms(&mine, &l, sums, predicted_iou ? predicted_iou->data : NULL);
        loss->data[0] = (float)mine.loss;
    }
    if (parts) *parts = mine;
    return tape_record(cx, mask_loss_backward, loss, 3, (Tensor *[]){logits, target, predicted_iou},
                       &l, sizeof l);
}
