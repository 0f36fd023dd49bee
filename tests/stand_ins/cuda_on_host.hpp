// What a CUDA kernel asks for, on a host: its threads are fibers that run one after the other up to the next barrier,
// from the first to the last or from the last to the first. A barrier too few gives one of the two orders stale data.

#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

struct float2 { float x, y; };
struct float4 { float x, y, z, w; };
struct dim3 { unsigned x, y, z; };

inline float2 make_float2(float x, float y) { return {x, y}; }

#define __global__
#define __device__ static inline
#define __shared__ static
#define __align__(n) alignas(n)
using std::min;

static dim3 blockIdx, gridDim, threadIdx;

namespace host {

struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    dim3 index;
    bool done;
};

static ucontext_t scheduler;
static Fiber *running;
static std::function<void()> body;

inline void enter()
{
    body();
    running->done = true;
}

inline void barrier()
{
    swapcontext(&running->context, &scheduler);
    threadIdx = running->index;
}

inline void run_block(std::vector<Fiber> &fibers, dim3 block, bool backwards)
{
    const size_t bytes = 1 << 16;
    for (unsigned i = 0; i < fibers.size(); i++) {
        Fiber &f = fibers[i];
        if (!f.stack)
            f.stack.reset(new char[bytes]);
        f.index = {i % block.x, i / block.x % block.y, i / block.x / block.y};
        f.done = false;
        getcontext(&f.context);
        f.context.uc_stack.ss_sp = f.stack.get();
        f.context.uc_stack.ss_size = bytes;
        f.context.uc_link = &scheduler;
        makecontext(&f.context, enter, 0);
    }
    for (size_t left = fibers.size(); left;)
        for (size_t i = 0; i < fibers.size(); i++) {
            Fiber &f = fibers[backwards ? fibers.size() - 1 - i : i];
            if (f.done)
                continue;
            running = &f;
            threadIdx = f.index;
            swapcontext(&scheduler, &f.context);
            left -= f.done;
        }
}

template <class Kernel> void launch(dim3 grid, dim3 block, bool backwards, Kernel kernel)
{
    std::vector<Fiber> fibers(block.x * block.y * block.z);
    body = kernel;
    gridDim = grid;
    for (unsigned z = 0; z < grid.z; z++)
        for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < grid.x; x++) {
                blockIdx = {x, y, z};
                run_block(fibers, block, backwards);
            }
}

}  // namespace host

#define __syncthreads() host::barrier()
