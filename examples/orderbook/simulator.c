/* SPDX-License-Identifier: Apache-2.0 */
/* A zero-intelligence order book: limit orders, market orders and cancellations arrive as independent Poisson
 * processes, and the mid price walks as they make it.
 *
 * The next event of superposed Poisson processes is of a kind with a chance proportional to its rate; time is no
 * feature, so waiting times are not drawn. A limit order lies 1 ... REACH ticks behind the opposite best price, the
 * nearer the likelier; cancellations are proportional to the depth there, and what lies farther away expires. A dealer
 * fills up a side that has orders at fewer than LEVELS prices. After Cont, Stoikov, Talreja 2010, with round numbers
 * for rates.
 */
#include "orderbook.h"

#include <math.h>

enum { TICKS = 256, REACH = 24, MEAN_SIZE = 5, START_PRICE = 10000 };
enum { BID = -1, ASK = 1 }; /* sides: the direction in which prices get worse */
static const double limit_rate = 1.0, market_rate = 0.5, cancel_rate = 0.0025; /* per side; cancel: per unit of depth */

typedef struct book {
    int32_t depth[TICKS]; /* units at a price, price modulo TICKS; zero beyond REACH of the opposite best */
    int64_t best_bid, best_ask;
    uint64_t random;
} book;

/* splitmix64 (Steele, Lea, Flood 2014); uniform in [0, 1). */
static double uniform(book *b) {
    uint64_t z = b->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Geometric, at least 1. */
static int32_t order_size(book *b) {
    int32_t size = 1;
    while (size < 20 * MEAN_SIZE && uniform(b) > 1.0 / MEAN_SIZE)
        size++;
    return size;
}

/* The depth of `side`, `distance` ticks behind the opposite best price. */
static int32_t *depth_at(book *b, int side, int64_t distance) {
    const int64_t opposite = side == ASK ? b->best_bid : b->best_ask;
    return &b->depth[(uint64_t)(opposite + side * distance) % TICKS];
}

static int64_t side_depth(book *b, int side) {
    int64_t sum = 0;
    for (int k = 1; k <= REACH; k++)
        sum += *depth_at(b, side, k);
    return sum;
}

static void limit_order(book *b, int side) {
    const double distance = pow(1 - uniform(b), -1 / 1.5); /* Pareto, exponent 1.5 */
    *depth_at(b, side, distance < REACH ? (int64_t)distance : REACH) += order_size(b);
}

/* Takes from the best prices of `side`. */
static void market_order(book *b, int side) {
    int32_t left = order_size(b);
    for (int k = 1; k <= REACH && left > 0; k++) {
        int32_t *depth = depth_at(b, side, k);
        const int32_t taken = *depth < left ? *depth : left;
        *depth -= taken;
        left -= taken;
    }
}

/* Cancels one order: the unit it begins with is chosen uniformly. */
static void cancel_order(book *b, int side) {
    int64_t unit = (int64_t)(uniform(b) * (double)side_depth(b, side));
    for (int k = 1; k <= REACH; k++) {
        int32_t *depth = depth_at(b, side, k);
        if (unit < *depth) {
            const int32_t size = order_size(b);
            *depth -= size < *depth ? size : *depth;
            return;
        }
        unit -= *depth;
    }
}

/* Restores what `book` promises of a side: expiry, the dealer, the best price. */
static void settle(book *b, int side) {
    int levels = 0;
    for (int k = 1; k <= REACH; k++)
        levels += *depth_at(b, side, k) > 0;
    for (int k = REACH; levels < LEVELS; k--) {
        int32_t *depth = depth_at(b, side, k);
        if (*depth == 0) {
            *depth = 2 * order_size(b);
            levels++;
        }
    }
    int64_t nearest = 1;
    while (*depth_at(b, side, nearest) == 0)
        nearest++;
    if (side == ASK)
        b->best_ask = b->best_bid + nearest;
    else
        b->best_bid = b->best_ask - nearest;
    /* The other side's reach moved with this best price; at most REACH ticks fell out of it. */
    for (int k = REACH + 1; k <= 2 * REACH; k++)
        *depth_at(b, -side, k) = 0;
}

static void next_event(book *b) {
    static void (*const kinds[])(book *, int) = { limit_order, market_order, cancel_order };
    const double depth = (double)(side_depth(b, BID) + side_depth(b, ASK));
    const double rates[] = { 2 * limit_rate, 2 * market_rate, cancel_rate * depth };
    double choice = uniform(b) * (rates[0] + rates[1] + rates[2]);
    int kind = 0;
    while (kind < 2 && choice >= rates[kind])
        choice -= rates[kind++];
    const int side = uniform(b) < 0.5 ? BID : ASK;
    kinds[kind](b, side);
    /* First the side that changed: the other is measured from its best price. */
    settle(b, side);
    settle(b, -side);
}

static void write_row(book *b, float *row) {
    for (int side = BID; side <= ASK; side += 2) {
        int level = 0;
        for (int64_t k = 1; level < LEVELS; k++) {
            const int32_t depth = *depth_at(b, side, k);
            if (depth == 0)
                continue;
            float *to = row + 4 * level++ + (side == ASK ? 0 : 2);
            to[0] = (float)(side == ASK ? b->best_bid + k : b->best_ask - k);
            to[1] = (float)depth;
        }
    }
}

/* Subtracts the mean of each column and divides by its standard deviation. */
static void standardise(float *features, size_t rows) {
    for (size_t column = 0; column < FEATURES; column++) {
        double sum = 0, squares = 0;
        for (size_t r = 0; r < rows; r++)
            sum += features[r * FEATURES + column];
        const double mean = sum / (double)rows;
        for (size_t r = 0; r < rows; r++)
            squares += pow(features[r * FEATURES + column] - mean, 2);
        const double deviation = squares > 0 ? sqrt(squares / (double)rows) : 1;
        for (size_t r = 0; r < rows; r++)
            features[r * FEATURES + column] = (float)((features[r * FEATURES + column] - mean) / deviation);
    }
}

void simulate_book(float *features, size_t rows, uint64_t seed) {
    book b = { .best_bid = START_PRICE, .best_ask = START_PRICE + 1, .random = seed };
    settle(&b, ASK);
    settle(&b, BID);
    /* An empty book fills in a few hundred events. */
    for (int i = 0; i < 1000; i++)
        next_event(&b);
    for (size_t r = 0; r < rows; r++) {
        next_event(&b);
        write_row(&b, features + r * FEATURES);
    }
    standardise(features, rows);
}
