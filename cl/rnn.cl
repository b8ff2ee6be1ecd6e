/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent layers (ONNX RNN, GRU, LSTM), the whole sequence in one launch. What depends on the input alone is one matrix
 * product made before: z = x W^T for all steps. Here the state goes from step to step, gates = z[t] + h R^T + biases:
 *     LSTM  c = f c + i g, h = o H(c)      GRU  h = (1 - u) h~ + u h      RNN  h = F(gates)
 *   rnn_pack_r        R [D, GATES * H, H] -> r: per direction panels [ceil(H / lanes)][H][GATES][lanes], zeros beyond H
 *   rnn_pack_b        B [D, 2 * GATES * H] -> b: per direction [BIASES][H rounded up to lanes]; without B zeros
 *   rnn_pack_p        P [D, 3 * H] -> p: per direction [3][H rounded up to lanes]
 *   rnn_run           a group runs MR sequences of one direction, an item takes every so many vectors of LANES units.
 *                     CPUs: groups of one, a register tile of GATES x MR vectors. Else LANES is 1 and R one panel, so that
 *                     neighbours read neighbours. Launch (ceil(B / MR) groups, directions). The state, STATE_ROWS * MR *
 *                     padded H elements a group, lies in local memory, or with GLOBAL_STATE in a buffer.
 *   rnn_keep          (KEEP) for GPUs: a group runs a sequence. Work-item slice * UNITS + j holds in registers, for all steps, what
 *                     unit j weighs h[slice * KEEP ...] by, KEEP of them for each gate; r is one panel. The first slice adds
 *                     up what the others pass it. Local memory: h, twice, and that, so 2 SLICES KEEP + (SLICES - 1) GATES
 *                     UNITS elements. Launch (batch groups, directions)
 * Sums run over k in ascending order, those of slices one after the other: the same input gives the same bits. Beyond its length (lens) a sequence's y is 0; a
 * reversed one starts at its own end. Defines: CELL_LSTM, CELL_GRU or CELL_RNN; ACT_F, ACT_G, ACT_H: activations, in x;
 * BOUND(x): what clips the gates; PEEPHOLES: P is given; COUPLED: f = 1 - i; RESET_FIRST: the GRU's reset acts before
 * the product; SINGLE_ITEM: groups of one.
 */
#ifndef T
#define T float
#define T_STORE float
#define T_LOAD CLADE_LOAD
#define T_SAVE CLADE_SAVE
#endif
#if !defined(CELL_GRU) && !defined(CELL_RNN) && !defined(CELL_LSTM)
#define CELL_LSTM
#endif
#ifndef LANES
#define LANES 1
#define MR 1
#endif
#ifndef ACT_F
#define ACT_F SIGMOID(x)
#define ACT_G TANH(x)
#define ACT_H TANH(x)
#endif
#ifndef BOUND
#define BOUND(x) (x)
#endif

/* Gates lie in ONNX's order: LSTM i o f c (peepholes i o f), GRU z r h. Biases: one a gate, and the GRU's of h in h R^T.
 * State: h twice, then the LSTM's c, or the GRU's update gate and reset h. */
#if defined(CELL_LSTM)
#define GATES 4
#define BIASES 4
#define STATE_ROWS 3
#elif defined(CELL_GRU)
#define GATES 3
#define BIASES 4
#define STATE_ROWS 4
#else
#define GATES 1
#define BIASES 1
#define STATE_ROWS 2
#endif

#if LANES == 1
#define V T
#define READ(p, i) (p)[i]
#define READ_STORED(p, i) T_LOAD(p, i)
#define WRITE(v, p, i) (p)[i] = (v)
#define TANH(x) tanh(x)
#else
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define V JOIN(float, LANES)
#define READ(p, i) JOIN(vload, LANES)(0, (p) + (i))
#define READ_STORED READ
#define WRITE(v, p, i) JOIN(vstore, LANES)(v, 0, (p) + (i))
#define TANH(x) fast_tanh(x)
#endif
#define UNROLL __attribute__((opencl_unroll_hint))

#ifdef GLOBAL_STATE
#define STATE __global
#define STATE_PARAMETER __global T *restrict state, ulong state_off
#define OWN_STATE state + state_off + (get_group_id(1) * get_num_groups(0) + get_group_id(0)) * STATE_ROWS * MR * hp
#define FENCE CLK_GLOBAL_MEM_FENCE
#else
#define STATE __local
#define STATE_PARAMETER __local T *restrict state
#define OWN_STATE state
#define FENCE CLK_LOCAL_MEM_FENCE
#endif
#ifdef SINGLE_ITEM
#define GROUP __attribute__((reqd_work_group_size(1, 1, 1)))
#define SYNC
#else
#define GROUP
#define SYNC barrier(FENCE)
#endif

/* What `flags` says. */
#define REVERSE(d) (flags >> (d) & 1)
#define HAS_Y (flags & 4)
#define HAS_Y_H (flags & 8)
#define HAS_Y_C (flags & 16)
#define HAS_LENS (flags & 32)
#define HAS_H (flags & 64)
#define HAS_C (flags & 128)
#define HAS_B (flags & 256)

#define SIGMOID(x) (1 / (1 + exp(-(x))))

static inline V NAME(f)(V x) {
    x = BOUND(x);
    return ACT_F;
}
#ifndef CELL_RNN
static inline V NAME(g)(V x) {
    x = BOUND(x);
    return ACT_G;
}
#endif
#ifdef CELL_LSTM
static inline V NAME(h)(V x) { return ACT_H; }
#endif

#ifdef PEEPHOLES
#define PEEP(p, c) ((p) * (c))
#else
#define PEEP(p, c) 0
#endif

/* The unit's new h; c: the LSTM's state, made new; z_h: what the input gives the GRU's candidate. */
static inline V NAME(cell)(const V acc[GATES], V *c, const V old, const V z_h, const V p_i, const V p_o, const V p_f) {
#if defined(CELL_LSTM)
    const V in = NAME(f)(acc[0] + PEEP(p_i, *c));
#ifdef COUPLED
    const V forget = 1 - in;
#else
    const V forget = NAME(f)(acc[2] + PEEP(p_f, *c));
#endif
    *c = forget * *c + in * NAME(g)(acc[3]);
    return NAME(f)(acc[1] + PEEP(p_o, *c)) * NAME(h)(*c);
#elif defined(CELL_GRU)
    const V candidate = NAME(g)(z_h + NAME(f)(acc[1]) * acc[2]);
    return candidate + NAME(f)(acc[0]) * (old - candidate);
#else
    return NAME(f)(acc[0]);
#endif
}

KERNEL(rnn_pack_r)(__global T *restrict out, ulong out_off, __global const T_STORE *restrict r, ulong r_off, int hidden,
                   int lanes, int count, int flags) {
    const int at = get_global_id(0), hp = (hidden + lanes - 1) / lanes * lanes;
    if (at >= count)
        return;
    const int lane = at % lanes, g = at / lanes % GATES, k = at / lanes / GATES % hidden,
              panel = at / lanes / GATES / hidden, d = panel / (hp / lanes), j = panel % (hp / lanes) * lanes + lane;
    out[out_off + at] = j < hidden ? T_LOAD(r, r_off + ((size_t)(d * GATES + g) * hidden + j) * hidden + k) : 0;
}

KERNEL(rnn_pack_b)(__global T *restrict out, ulong out_off, __global const T_STORE *restrict b, ulong b_off, int hidden,
                   int lanes, int count, int flags) {
    const int hp = (hidden + lanes - 1) / lanes * lanes, at = get_global_id(0), j = at % hp, v = at / hp % BIASES,
              d = at / hp / BIASES;
    if (at >= count)
        return;
    b += b_off + (size_t)d * 2 * GATES * hidden + j;
    T value = 0;
    if (HAS_B && j < hidden) {
#if defined(CELL_GRU) && !defined(RESET_FIRST)
        value = T_LOAD(b, (v < 3 ? v : 5) * hidden);
        if (v < 2)
            value += T_LOAD(b, (v + 3) * hidden);
#else
        if (v < GATES)
            value = T_LOAD(b, v * hidden) + T_LOAD(b, (v + GATES) * hidden);
#endif
    }
    out[out_off + at] = value;
}

KERNEL(rnn_pack_p)(__global T *restrict out, ulong out_off, __global const T_STORE *restrict p, ulong p_off, int hidden,
                   int lanes, int count, int flags) {
    const int hp = (hidden + lanes - 1) / lanes * lanes, at = get_global_id(0), j = at % hp;
    if (at < count)
        out[out_off + at] = j < hidden ? T_LOAD(p, p_off + (size_t)(at / hp) * hidden + j) : 0;
}

/* acc[g][i] += sum_k h[i][k] r[k][g], gates [first, last). */
static inline void NAME(multiply)(V acc[GATES][MR], const int first, const int last, __global const T *r, int r_k, int r_g,
                           const STATE T *h, int hidden, int hp) {
    for (int k = 0; k < hidden; k++, r += r_k)
        UNROLL for (int g = 0; g < GATES; g++)
            if (first <= g && g < last) {
                const V w = READ(r, g * r_g);
                UNROLL for (int i = 0; i < MR; i++) acc[g][i] = fma(w, (V)(h[i * hp + k]), acc[g][i]);
            }
}

static inline void NAME(put)(V value, __global T_STORE *y, size_t at, int count) {
#if LANES == 1
    T_SAVE(y, at, value);
#else
    if (count >= LANES)
        WRITE(value, y, at);
    else {
        T part[LANES];
        WRITE(value, part, 0);
        for (int l = 0; l < count; l++)
            y[at + l] = part[l];
    }
#endif
}

/* Sequence i of the group: its row of the batch (the last is repeated to fill the tile), its length, and the step it is
 * at when the group is at step s. */
#define ROW(i) min((int)get_group_id(0) * MR + (i), batch - 1)
#define LENGTH(i) (HAS_LENS ? clamp(lens[ROW(i)], 0, steps) : steps)
#define POSITION(i) (REVERSE(d) && s < LENGTH(i) ? LENGTH(i) - 1 - s : s)
/* For sequence i and the units from j on: what the input gave gate g, its bias, a peephole, R's panel. */
#define Z(g)                                                                                                           \
    READ_STORED(z, ((size_t)POSITION(i) * z_t + (size_t)ROW(i) * z_b) * directions * GATES * hidden + (g) * hidden + j)
#define B(g) READ(b, (g) * hp + j)
#ifdef PEEPHOLES
#define P(g) READ(p, (g) * hp + j)
#else
#define P(g) 0
#endif
#define PANEL (r + (r_lanes == LANES ? (size_t)j / LANES * r_k * hidden : (size_t)j))

#define PARAMETERS                                                                                                     \
    __global T_STORE *restrict y, ulong y_off, __global T_STORE *restrict y_h, ulong y_h_off,                          \
        __global T_STORE *restrict y_c, ulong y_c_off, __global const T_STORE *restrict z, ulong z_off,                \
        __global const T *restrict r, ulong r_off, __global const T *restrict b, ulong b_off,                          \
        __global const T *restrict p, ulong p_off, __global const int *restrict lens, ulong lens_off,                  \
        __global const T_STORE *restrict h_0, ulong h_0_off, __global const T_STORE *restrict c_0, ulong c_0_off,      \
        int steps, int batch, int hidden, int r_lanes, int first_d, int directions, int flags, int z_t, int z_b,       \
        int y_t, int y_d, int y_b, int s_d, int s_b, CLADE_FAULT, STATE_PARAMETER

#ifndef KEEP

GROUP KERNEL(rnn_run)(PARAMETERS) {
    const int d = first_d + get_group_id(1), hp = (hidden + LANES - 1) / LANES * LANES;
    const int first = get_local_id(0), group = get_local_size(0), r_k = GATES * r_lanes;
    STATE T *h = OWN_STATE, *more = h + 2 * MR * hp;
    lens += lens_off;
    z += z_off + (size_t)d * GATES * hidden;
    y += y_off + (size_t)d * y_d;
    r += r_off + (size_t)d * r_k * hidden * ((hidden + r_lanes - 1) / r_lanes);
    b += b_off + (size_t)d * BIASES * hp;
    p += p_off + (size_t)d * 3 * hp;

    for (int i = first; HAS_LENS && i < MR; i += group)
        (void)clade_length(lens[ROW(i)], steps, fault, fault_step);
    for (int u = first; u < MR * hp; u += group) {
        const int j = u % hp;
        const size_t at = (size_t)d * s_d + (size_t)ROW(u / hp) * s_b + j;
        const bool starts = j < hidden && LENGTH(u / hp) > 0; /* an empty sequence ends with a state of zero */
        h[u] = HAS_H && starts ? T_LOAD(h_0, h_0_off + at) : 0;
#ifdef CELL_LSTM
        more[u] = HAS_C && starts ? T_LOAD(c_0, c_0_off + at) : 0;
#endif
    }
    SYNC;
    for (int s = 0; s < steps; s++) {
        const STATE T *now = h + (s & 1) * MR * hp;
        STATE T *next = h + (~s & 1) * MR * hp;
#ifdef RESET_FIRST
        for (int j = first * LANES; j < hidden; j += group * LANES) {
            V acc[GATES][MR];
            UNROLL for (int g = 0; g < 2; g++) UNROLL for (int i = 0; i < MR; i++) acc[g][i] = Z(g) + B(g);
            NAME(multiply)(acc, 0, 2, PANEL, r_k, r_lanes, now, hidden, hp);
            UNROLL for (int i = 0; i < MR; i++) {
                WRITE(NAME(f)(acc[0][i]), more, i * hp + j);
                WRITE(NAME(f)(acc[1][i]) * READ(now, i * hp + j), more, (MR + i) * hp + j);
            }
        }
        SYNC;
#endif
        for (int j = first * LANES; j < hidden; j += group * LANES) {
            V acc[GATES][MR];
#ifdef RESET_FIRST
            UNROLL for (int i = 0; i < MR; i++) acc[2][i] = Z(2) + B(2);
            NAME(multiply)(acc, 2, 3, PANEL, r_k, r_lanes, more + MR * hp, hidden, hp);
#else
            UNROLL for (int g = 0; g < GATES; g++) UNROLL for (int i = 0; i < MR; i++)
#ifdef CELL_GRU
                acc[g][i] = g == 2 ? B(3) : Z(g) + B(g);
#else
                acc[g][i] = Z(g) + B(g);
#endif
            NAME(multiply)(acc, 0, GATES, PANEL, r_k, r_lanes, now, hidden, hp);
#endif
            UNROLL for (int i = 0; i < MR; i++) {
                const V old = READ(now, i * hp + j);
                const bool runs = s < LENGTH(i);
#ifdef RESET_FIRST
                const V update = READ(more, i * hp + j), candidate = NAME(g)(acc[2][i]);
                const V h_new = candidate + update * (old - candidate);
#else
                V own[GATES], c = 0, z_h = 0;
                UNROLL for (int g = 0; g < GATES; g++) own[g] = acc[g][i];
#if defined(CELL_LSTM)
                c = READ(more, i * hp + j);
#elif defined(CELL_GRU)
                z_h = Z(2) + B(2);
#endif
                const V h_new = NAME(cell)(own, &c, old, z_h, P(0), P(1), P(2));
#ifdef CELL_LSTM
                if (runs)
                    WRITE(c, more, i * hp + j);
#endif
#endif
                WRITE(runs ? h_new : old, next, i * hp + j);
                if (HAS_Y)
                    NAME(put)(runs ? h_new : (V)(0), y, (size_t)POSITION(i) * y_t + (size_t)ROW(i) * y_b + j,
                              hidden - j);
            }
        }
        SYNC;
    }
    for (int u = first; u < MR * hp; u += group) {
        const int j = u % hp;
        const size_t at = (size_t)d * s_d + (size_t)ROW(u / hp) * s_b + j;
        if (HAS_Y_H && j < hidden)
            T_SAVE(y_h, y_h_off + at, h[(steps & 1) * MR * hp + u]);
#ifdef CELL_LSTM
        if (HAS_Y_C && j < hidden)
            T_SAVE(y_c, y_c_off + at, more[u]);
#endif
    }
}

#else

__attribute__((reqd_work_group_size(UNITS * SLICES, 1, 1))) KERNEL(rnn_keep)(PARAMETERS) {
    const int i = 0, lane = get_local_id(0), j = lane % UNITS, slice = lane / UNITS, hp = UNITS;
    const int d = first_d + get_group_id(1);
    const size_t at = (size_t)d * s_d + (size_t)ROW(i) * s_b + j;
    __local T *parts = state + 2 * SLICES * KEEP;
    lens += lens_off;
    z += z_off + (size_t)d * GATES * hidden;
    y += y_off + (size_t)d * y_d;
    r += r_off + (size_t)d * GATES * hidden * hidden;
    b += b_off + (size_t)d * BIASES * hp;
    p += p_off + (size_t)d * 3 * hp;

    T w[GATES][KEEP];
    UNROLL for (int k = 0; k < KEEP; k++)
        UNROLL for (int g = 0; g < GATES; g++) {
            const int from = slice * KEEP + k;
            w[g][k] = from < UNITS ? r[((size_t)from * GATES + g) * UNITS + j] : 0;
        }
    if (HAS_LENS && lane == 0)
        (void)clade_length(lens[ROW(i)], steps, fault, fault_step);
    for (int u = lane; u < 2 * SLICES * KEEP; u += UNITS * SLICES)
        state[u] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    const bool starts = LENGTH(i) > 0; /* an empty sequence ends with a state of zero */
    T h = HAS_H && starts ? T_LOAD(h_0, h_0_off + at) : 0, c = 0;
#ifdef CELL_LSTM
    c = HAS_C && starts ? T_LOAD(c_0, c_0_off + at) : 0;
#endif
    if (slice == 0)
        state[j] = h;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int s = 0; s < steps; s++) {
        const __local T *now = state + ((s & 1) * SLICES + slice) * KEEP;
        T acc[GATES], z_h = 0;
        UNROLL for (int g = 0; g < GATES; g++) acc[g] = 0;
        if (slice == 0) {
#ifdef CELL_GRU
            acc[0] = Z(0) + B(0);
            acc[1] = Z(1) + B(1);
            acc[2] = B(3);
            z_h = Z(2) + B(2);
#else
            UNROLL for (int g = 0; g < GATES; g++) acc[g] = Z(g) + B(g);
#endif
        }
        UNROLL for (int k = 0; k < KEEP; k++)
            UNROLL for (int g = 0; g < GATES; g++) acc[g] = fma(w[g][k], now[k], acc[g]);
#if SLICES > 1
        if (slice > 0)
            UNROLL for (int g = 0; g < GATES; g++) parts[((slice - 1) * GATES + g) * UNITS + j] = acc[g];
        barrier(CLK_LOCAL_MEM_FENCE);
#endif
        if (slice == 0) {
            for (int other = 0; other < SLICES - 1; other++)
                UNROLL for (int g = 0; g < GATES; g++) acc[g] += parts[(other * GATES + g) * UNITS + j];
            const bool runs = s < LENGTH(i);
            T c_new = c;
            const T h_new = NAME(cell)(acc, &c_new, h, z_h, P(0), P(1), P(2));
            h = runs ? h_new : h;
            c = runs ? c_new : c;
            state[(~s & 1) * SLICES * KEEP + j] = h;
            if (HAS_Y)
                T_SAVE(y, (size_t)POSITION(i) * y_t + (size_t)ROW(i) * y_b + j, runs ? h_new : 0);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (HAS_Y_H && slice == 0)
        T_SAVE(y_h, y_h_off + at, h);
#ifdef CELL_LSTM
    if (HAS_Y_C && slice == 0)
        T_SAVE(y_c, y_c_off + at, c);
#endif
}

#endif
