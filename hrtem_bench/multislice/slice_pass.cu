// One slice of the real-space method, for a batch of waves: out = filter(wave * exp(sum of atoms' log-transmission)).
//
// A block of threads works out a tile of TILE x TILE_ROWS pixels, in four steps with its data in shared memory: the
// atoms whose squares reach the tile add up, the wave is multiplied by the exponential, and the filter runs along the
// rows and along the columns. To have the neighbours that the filter asks for, the first two steps go TAPS pixels
// beyond the tile on each side. Atoms lie sorted by cells of the grid, so that a block looks at those around it alone,
// always in the same order: the same waves give the same bytes. Of what is as large as the wave, only the wave itself
// travels to and from memory.
//
// Where a constant is not defined here, it is when the file is compiled: TAPS, FRACTIONS, and TERMS, which is 3.

#define WIDTH 64                         // pixels that a block holds along x, and threads along x
#define HEIGHT 40                        // and along y
#define GROUPS 4                         // threads along y
#define OWN (HEIGHT / GROUPS)            // pixels of one thread, in one column
#define TILE (WIDTH - 2 * TAPS)          // pixels that a block finishes along x
#define TILE_ROWS (HEIGHT - 2 * TAPS)    // and along y
#define RUN (TILE_ROWS / GROUPS)         // pixels that one thread finishes
#define ATOMS 4                          // atoms whose tables are in shared memory together
#define SLOTS (2 * ATOMS)                // groups of terms of these atoms: one or two for each
#define PARTS (2 * TERMS)                // factors of a row: the real parts of the terms before the imaginary ones
#define PADDED 8                         // and with two empty places, for vectors of four

struct Atoms {
    const int *place;       // (atoms, 2): y and x in pixels, rounded up
    const float *fraction;  // (atoms, 2): how far it was rounded, in parts of FRACTIONS
    const int *element;     // (atoms,)
    const int *starts;      // first atom of each of the wave's cells in this slice, row by row, and of what follows
    int cells_y, cells_x;
};

struct Tables {
    const int *groups;     // (elements,): groups of terms, 1 or 2
    const float *rows;     // (elements, 2, FRACTIONS + 1, py, PARTS)
    const float *columns;  // (elements, 2, FRACTIONS + 1, TERMS, px)
    int py, px;
};

struct __align__(16) Squares {  // of some atoms, as far as they lie in the tile
    float rows[SLOTS][HEIGHT][PADDED];
    float columns[SLOTS][TERMS][WIDTH];
};

union Scratch {  // the atoms are done before the filter begins
    Squares squares;
    float2 along_x[HEIGHT][TILE];
};

__device__ int floored(int a, int b)
{
    int quotient = a / b;
    return quotient - (a % b < 0);
}

__device__ int wrapped(int i, int n)
{
    return i - n * floored(i, n);
}

// Number `at` of a table of one group, between two fractions of a pixel; size: numbers at each fraction.
__device__ float interpolated(const float *tables, int group, float fraction, int size, int at)
{
    const int step = min((int)fraction, FRACTIONS - 1);
    const float *low = tables + (size_t)(group * (FRACTIONS + 1) + step) * size + at;
    return low[0] + (fraction - step) * (low[size] - low[0]);
}

// Tables of atoms `first` to `end`, ATOMS at most, over the tile that begins at (top, left); 0 outside of their squares.
// Coordinates of this image of the atoms are shift_y and shift_x beyond those stored.
__device__ void load_squares(Squares &to, const Atoms &a, const Tables &t, int first, int end, int shift_y, int shift_x,
                             int top, int left)
{
    const int thread = threadIdx.y * WIDTH + threadIdx.x, threads = GROUPS * WIDTH;
    for (int i = thread; i < SLOTS * HEIGHT * PARTS; i += threads) {
        int slot = i / (HEIGHT * PARTS), row = i / PARTS % HEIGHT, term = i % PARTS, m = first + slot / 2;
        float value = 0;
        if (m < end && slot % 2 < t.groups[a.element[m]]) {
            int pixel = top + row - (a.place[2 * m] + shift_y - t.py / 2);
            if (pixel >= 0 && pixel < t.py)
                value = interpolated(t.rows, 2 * a.element[m] + slot % 2, a.fraction[2 * m], t.py * PARTS,
                                     pixel * PARTS + term);
        }
        to.rows[slot][row][term] = value;
    }
    for (int i = thread; i < SLOTS * TERMS * WIDTH; i += threads) {
        int slot = i / (TERMS * WIDTH), term = i / WIDTH % TERMS, column = i % WIDTH, m = first + slot / 2;
        float value = 0;
        if (m < end && slot % 2 < t.groups[a.element[m]]) {
            int pixel = left + column - (a.place[2 * m + 1] + shift_x - t.px / 2);
            if (pixel >= 0 && pixel < t.px)
                value = interpolated(t.columns, 2 * a.element[m] + slot % 2, a.fraction[2 * m + 1], TERMS * t.px,
                                     term * t.px + pixel);
        }
        to.columns[slot][term][column] = value;
    }
}

// Add sum over terms of row factor times function of x to the thread's pixels.
__device__ void add_squares(float2 *exponent, const Squares &from, int slots)
{
    for (int slot = 0; slot < slots; slot++) {
        const float x0 = from.columns[slot][0][threadIdx.x], x1 = from.columns[slot][1][threadIdx.x],
                    x2 = from.columns[slot][2][threadIdx.x];
#pragma unroll
        for (int k = 0; k < OWN; k++) {
            const float *row = from.rows[slot][GROUPS * k + threadIdx.y];
            const float4 four = *(const float4 *)row;
            const float2 two = *(const float2 *)(row + 4);
            exponent[k].x += four.x * x0 + four.y * x1 + four.z * x2;
            exponent[k].y += four.w * x0 + two.x * x1 + two.y * x2;
        }
    }
}

// The log-transmission of all atoms that reach the tile, periodic images among them, at the thread's pixels.
__device__ void add_atoms(float2 *exponent, Squares &shared, const Atoms &a, const Tables &t, int ny, int nx, int top,
                          int left)
{
    const int low_y = floored((top - t.py / 2 - 2) * a.cells_y, ny);
    const int high_y = floored((top + HEIGHT + t.py / 2 + 1) * a.cells_y, ny);
    const int low_x = floored((left - t.px / 2 - 2) * a.cells_x, nx);
    const int high_x = floored((left + WIDTH + t.px / 2 + 1) * a.cells_x, nx);
    for (int cell_y = low_y; cell_y <= high_y; cell_y++) {
        const int period_y = floored(cell_y, a.cells_y), row = (cell_y - period_y * a.cells_y) * a.cells_x;
        for (int cell_x = low_x; cell_x <= high_x;) {  // cells of one row and one period lie side by side
            const int period_x = floored(cell_x, a.cells_x), before = period_x * a.cells_x;
            const int last = min(high_x, before + a.cells_x - 1);
            const int begin = a.starts[row + cell_x - before], end = a.starts[row + last - before + 1];
            for (int m = begin; m < end; m += ATOMS) {
                __syncthreads();
                load_squares(shared, a, t, m, end, period_y * ny, period_x * nx, top, left);
                __syncthreads();
                add_squares(exponent, shared, 2 * min(ATOMS, end - m));
            }
            cell_x = last + 1;
        }
    }
}

__device__ float2 plus(float2 a, float2 b)
{
    return make_float2(a.x + b.x, a.y + b.y);
}

__device__ void add_product(float2 &sum, float re, float im, float2 value)
{
    sum.x += re * value.x - im * value.y;
    sum.y += im * value.x + re * value.y;
}

// The symmetric filter at the middle of 2 TAPS + 1 pixels; weights: TAPS + 1 real parts, then as many imaginary ones.
__device__ float2 filtered(const float2 *pixels, const float *weights)
{
    float2 sum = make_float2(0, 0);
    add_product(sum, weights[0], weights[TAPS + 1], pixels[TAPS]);
#pragma unroll
    for (int k = 1; k <= TAPS; k++)
        add_product(sum, weights[k], weights[TAPS + 1 + k], plus(pixels[TAPS - k], pixels[TAPS + k]));
    return sum;
}

// out, wave: (batch, ny, nx). layer: index of the slice, or -1 where no atoms act. starts: (layers, batch, cells_y,
// cells_x), flat, and one more. weights: (2, 2, TAPS + 1), along y and x, real and imaginary parts. Other arguments as
// in Atoms and Tables. Blocks of WIDTH x GROUPS threads, one for each tile along x, along y, and each wave.
extern "C" __global__ void slice_pass(float2 *out, const float2 *wave, int ny, int nx, const int *place,
                                      const float *fraction, const int *element, const int *starts, int cells_y,
                                      int cells_x, int layer, const int *groups, const float *rows,
                                      const float *columns, int py, int px, const float *weights)
{
    __shared__ float2 field[HEIGHT][WIDTH];
    __shared__ Scratch scratch;
    const int left = (int)blockIdx.x * TILE - TAPS, top = (int)blockIdx.y * TILE_ROWS - TAPS;
    const size_t plane = (size_t)blockIdx.z * ny * nx;

    float2 exponent[OWN];
#pragma unroll
    for (int k = 0; k < OWN; k++)
        exponent[k] = make_float2(0, 0);
    if (layer >= 0) {
        const size_t cells = (size_t)cells_y * cells_x;
        const Atoms atoms = {place, fraction, element, starts + ((size_t)layer * gridDim.z + blockIdx.z) * cells,
                             cells_y, cells_x};
        const Tables tables = {groups, rows, columns, py, px};
        add_atoms(exponent, scratch.squares, atoms, tables, ny, nx, top, left);
    }

    const int column = wrapped(left + (int)threadIdx.x, nx);
#pragma unroll
    for (int k = 0; k < OWN; k++) {
        const int row = GROUPS * k + threadIdx.y;
        const float2 w = wave[plane + (size_t)wrapped(top + row, ny) * nx + column];
        float sine, cosine, g = expf(exponent[k].x);
        sincosf(exponent[k].y, &sine, &cosine);
        field[row][threadIdx.x] = make_float2(g * (w.x * cosine - w.y * sine), g * (w.x * sine + w.y * cosine));
    }
    __syncthreads();

    for (int row = threadIdx.y; row < HEIGHT; row += GROUPS)
        if (threadIdx.x < TILE)
            scratch.along_x[row][threadIdx.x] = filtered(field[row] + threadIdx.x, weights + 2 * (TAPS + 1));
    __syncthreads();

    const int x = left + TAPS + (int)threadIdx.x, first = RUN * threadIdx.y;
    if (threadIdx.x >= TILE || x >= nx)
        return;
    float2 pixels[RUN + 2 * TAPS];
#pragma unroll
    for (int k = 0; k < RUN + 2 * TAPS; k++)
        pixels[k] = scratch.along_x[first + k][threadIdx.x];
#pragma unroll
    for (int k = 0; k < RUN; k++)
        if (top + TAPS + first + k < ny)
            out[plane + (size_t)(top + TAPS + first + k) * nx + x] = filtered(pixels + k, weights);
}
