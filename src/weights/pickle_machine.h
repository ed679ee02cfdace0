/* pickle_machine.h - the machine behind pickle.h: its state, and the table of its opcodes. */
#ifndef WEIGHTS_PICKLE_MACHINE_H
#define WEIGHTS_PICKLE_MACHINE_H

#include "weights/pickle.h"

typedef struct PickleMachine {
    Pickle *p;
    size_t size, at;
    uint32_t *stack, *memo;
    size_t *mark; /* depths of the stack */
    size_t depth, stack_capacity, marks, mark_capacity, memos, memo_capacity;
    bool stopped;
    const char *failure; /* completes "its pickle ..."; NULL while all is well */
} PickleMachine;

extern const char pickle_no_memory[]; /* the failure that is not the pickle's */

typedef struct PickleOperand {
    uint64_t number;
    size_t offset, length; /* of a text */
} PickleOperand;

/* Numbers and lengths are little-endian; T1, T4, T8 are texts after a length of so many bytes. */
typedef enum OperandForm { NONE, U1, U2, U4, I4, U8, T1, T4, T8 } OperandForm;

/* `run` moves values; false when it set `failure`.  NULL: not an opcode of protocols 2 to 5. */
typedef struct PickleOpcode {
    bool (*run)(PickleMachine *m, PickleOperand x, uint8_t detail);
    uint8_t form, detail;
} PickleOpcode;

extern const PickleOpcode pickle_opcodes[256];

/* What the whitelist has for a name: a function, a storage type, or an opaque value. */
PickleValue pickle_name(PickleText module, PickleText name);

/* What a call makes: a dict, a tensor, its first argument, or an opaque value. */
PickleValue pickle_call(const Pickle *p, const PickleValue *function, const PickleValue *arguments);

bool pickle_text_equals(PickleText text, const char *want);

#endif
