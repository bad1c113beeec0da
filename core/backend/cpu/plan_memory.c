// The one block of a plan: which span of it each place is.
#include "core/backend/cpu/onednn.h"
#include "core/backend/cpu/plan.h"
#include "core/base/mem.h"

// What a step may leave out and nobody else touches is left out.
static void drop_unread(struct plan *plan) {
    for (size_t s = 0; s < plan->step_count; s++) {
        struct step *step = &plan->steps[s];
        for (int k = 0; k < STEP_PLACES; k++) {
            bool free = (step->optional >> k & 1) && step->place[k] != NO_PLACE;
            const struct place *place = free ? &plan->places[step->place[k]] : NULL;
            if (free && place->fixed == NULL && place->uses == 1) {
                step->place[k] = NO_PLACE;
            }
        }
    }
}

static void count_uses(struct plan *plan) {
    for (size_t s = 0; s < plan->step_count; s++) {
        for (int k = 0; k < STEP_PLACES; k++) {
            if (plan->steps[s].place[k] != NO_PLACE) {
                plan->places[plan->steps[s].place[k]].uses++;
            }
        }
    }
}

// Parts of the batch are at different steps of a stretch at the same time: to its places it is as one step.
static size_t stretch_end(const struct plan *plan, size_t begin) {
    size_t end = begin + 1;
    while (plan->parts > 1 && plan->steps[begin].share != NULL && end < plan->step_count &&
           plan->steps[end].share != NULL) {
        end++;
    }
    return end;
}

static void note_use(struct place *place, size_t first, size_t last) {
    place->first = place->used ? place->first : first;
    place->last = last;
    place->used = true;
}

static void note_lives(struct plan *plan) {
    for (size_t begin = 0, end; begin < plan->step_count; begin = end) {
        end = stretch_end(plan, begin);
        for (size_t s = begin; s < end; s++) {
            for (int k = 0; k < STEP_PLACES; k++) {
                if (plan->steps[s].place[k] != NO_PLACE) {
                    note_use(&plan->places[plan->steps[s].place[k]], begin, end - 1);
                }
            }
        }
    }
}

static size_t place_end(const struct place *place) {
    return place->offset + (place->bytes + HOST_ALIGNMENT - 1) / HOST_ALIGNMENT * HOST_ALIGNMENT;
}

// The lowest offset at which no earlier place lives at the same time.
static void assign_offset(struct plan *plan, size_t index) {
    struct place *place = &plan->places[index];
    bool moved = true;
    place->offset = 0;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < index; i++) {
            const struct place *other = &plan->places[i];
            bool meets = other->used && other->fixed == NULL && other->first <= place->last &&
                         place->first <= other->last && other->offset < place_end(place) &&
                         place->offset < place_end(other);
            if (meets) {
                place->offset = place_end(other);
                moved = true;
            }
        }
    }
}

bool plan_lay_out(struct plan *plan) {
    count_uses(plan);
    drop_unread(plan);
    note_lives(plan);
    for (size_t i = 0; i < plan->place_count; i++) {
        struct place *place = &plan->places[i];
        if (place->used && place->fixed == NULL) {
            assign_offset(plan, i);
            plan->bytes = place_end(place) > plan->bytes ? place_end(place) : plan->bytes;
        }
    }
    plan->block = mem_aligned(HOST_ALIGNMENT, plan->bytes, 1);
    if (plan->block == NULL) {
        return false;
    }
    for (size_t s = 0; s < plan->step_count; s++) {
        struct step *step = &plan->steps[s];
        for (int k = 0; k < STEP_PLACES; k++) {
            if (step->place[k] != NO_PLACE) {
                const struct place *place = &plan->places[step->place[k]];
                step->at[k] = place->fixed != NULL ? place->fixed : plan->block + place->offset;
            }
        }
        onednn_step_resolve(step);
    }
    return true;
}
