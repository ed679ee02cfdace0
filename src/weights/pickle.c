/* The loop of the machine: operands are read here, each opcode is a row of pickle_opcodes.c. */
#include "weights/pickle.h"

#include "base/memory.h"
#include "weights/pickle_machine.h"

enum { PICKLE_MAX_BYTES = 64 << 20 }; /* state dicts of ViT-H with its optimizer take 3 MB */

static bool fail(PickleMachine *m, const char *why) {
    m->failure = why;
    return false;
}

static bool operand_read(PickleMachine *m, OperandForm form, PickleOperand *x) {
    static const uint8_t widths[] = {0, 1, 2, 4, 4, 8, 1, 4, 8};
    const uint8_t *bytes = m->p->bytes + m->at;
    size_t width = widths[form];
    if (m->size - m->at < width) return fail(m, "ends within an operand");
    *x = (PickleOperand){0};
    for (size_t i = width; i-- > 0;) x->number = x->number << 8 | bytes[i];
    m->at += width;
    if (form == I4) x->number = (uint64_t)(int64_t)(int32_t)x->number;
    if (form < T1) return true;
    if (x->number > m->size - m->at) return fail(m, "has a text that runs past its end");
    x->offset = m->at;
    x->length = (size_t)x->number;
    m->at += x->length;
    return true;
}

static bool step(PickleMachine *m) {
    PickleOperand x;
    if (m->at == PICKLE_MAX_BYTES) return fail(m, "is longer than 64 MiB");
    if (m->at == m->size) return fail(m, "ends before its STOP");
    const PickleOpcode *op = &pickle_opcodes[m->p->bytes[m->at++]];
    if (!op->run) return fail(m, "has an opcode that protocols 2 to 5 do not write");
    return operand_read(m, op->form, &x) && op->run(m, x, op->detail);
}

static bool machine_run(PickleMachine *m) {
    Pickle *p = m->p;
    if (!memory_grow(&p->value, &p->value_capacity, 0, sizeof *p->value) ||
        !memory_grow(&p->cell, &p->cell_capacity, 0, sizeof *p->cell))
        return fail(m, pickle_no_memory);
    p->value[0] = (PickleValue){.kind = PICKLE_OPAQUE};
    p->cell[0] = (PickleCell){0};
    p->values = p->cells = 1;
    while (!m->stopped) {
        if (!step(m)) return false;
    }
    p->length = m->at;
    return true;
}

Status pickle_read(Pickle *out, const uint8_t *bytes, size_t size, const char *file, Error *error) {
    *out = (Pickle){.bytes = bytes};
    PickleMachine m = {.p = out, .size = size < PICKLE_MAX_BYTES ? size : PICKLE_MAX_BYTES};
    bool ok = machine_run(&m);
    memory_free(m.stack);
    memory_free(m.memo);
    memory_free(m.mark);
    if (ok) return VOXPERT_OK;
    pickle_free(out);
    if (m.failure == pickle_no_memory)
        return error_set(error, VOXPERT_OUT_OF_MEMORY, "%s: its pickle %s", file, pickle_no_memory);
    return error_set(error, VOXPERT_BAD_MODEL, "%s: its pickle %s (at byte %zu)", file, m.failure,
                     m.at);
}
