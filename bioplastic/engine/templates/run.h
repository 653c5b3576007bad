#pragma once
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <pthread.h>
#include <sys/mman.h>
#include <vector>

// What every program needs, whatever its network: files, memory, variables, and what a recorder
// looks at.

static void _fail(const char* format, ...)
{
    va_list more;
    va_start(more, format);
    std::vfprintf(stderr, format, more);
    va_end(more);
    std::fputc('\n', stderr);
    std::exit(3);
}

// What runs once, what runs in every step, and what each thread has for itself.
#if defined(__CUDACC__)
#define _COLD static
#define _HOT
#define _OWN static
#else
#define _COLD static __attribute__((cold, noinline))
#define _HOT __attribute__((hot, noinline))  // else what cold functions alone call is cold
#define _OWN static thread_local
#endif

// Traces decay for ever: without this they would reach denormal numbers, which are 100 times slower.
static void _flush_denormals()
{
#if defined(__SSE2__) && !defined(__CUDACC__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#elif defined(__aarch64__) && !defined(__CUDACC__)
    uint64_t control;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(control));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(control | (1 << 24)));
#endif
}

// GCC leaves vector registers as they are before a call within the unit, and the mathematical
// library, whose entries are SSE code, then waits for them.
static inline void _clear_registers()
{
#if defined(__AVX__) && !defined(__CUDACC__)
    __builtin_ia32_vzeroupper();
#endif
}

static volatile std::sig_atomic_t _stop_requested = 0;
static void _request_stop(int) { _stop_requested = 1; }

static double _seconds_now()
{
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9*now.tv_nsec;
}

// Memory of zeros, which vectors of any width may load.
_COLD void* _zeros(int64_t n_bytes)
{
    void* data = 0;
    if (posix_memalign(&data, 64, n_bytes > 0 ? n_bytes : 1)) _fail("out of memory");
    std::memset(data, 0, n_bytes > 0 ? n_bytes : 1);
    return data;
}

template<class T> static T* _room(int64_t n) { return (T*)_zeros(n*(int64_t)sizeof(T)); }

// An exponential whose argument is most often that of the step before.
#define _EXP(x) ([&] { \
    _OWN double of = 0.0, is = 1.0; \
    const double now = (x); \
    if (now != of) { of = now; is = exp(now); } \
    return is; }())

// Threads, which wait for each other.

static int64_t _n_threads = 1;
_OWN int64_t _thread_number = 0;

_COLD void _meet()
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t all_are_here = PTHREAD_COND_INITIALIZER;
    static int64_t n_here = 0, n_meetings = 0;
    if (_n_threads == 1) return;
    pthread_mutex_lock(&mutex);
    const int64_t meeting = n_meetings;
    if (++n_here == _n_threads)
    {
        n_here = 0;
        n_meetings++;
        pthread_cond_broadcast(&all_are_here);
    }
    while (meeting == n_meetings) pthread_cond_wait(&all_are_here, &mutex);
    pthread_mutex_unlock(&mutex);
}

// Memory of an array that nobody changes while samples are shown: that of the first thread.
static std::vector<void*> _of_first;
_OWN size_t _n_shared = 0;  // these arrays come in the same order in every thread

template<class T> static void _share(T*& array)
{
    if (_thread_number) array = (T*)_of_first[_n_shared++];
    else _of_first.push_back(array);
}

template<class T> static T* _shared(int64_t n)
{
    T* array = _thread_number ? 0 : _room<T>(n);
    _share(array);
    return array;
}

// Files hold many arrays each, see arrays_file.py: what Python gives for a chunk, what it gives for
// all chunks of a run, and what is made of it.

static const char* _folder;

struct _Name
{
    char text[24] = {};

    _Name(const char* format, ...)
    {
        va_list more;
        va_start(more, format);
        std::vsnprintf(text, sizeof(text), format, more);
        va_end(more);
    }
};

// The head of an array; its bytes follow, and some that fill up the last word.
struct _Array
{
    _Name name;
    int64_t n_bytes;

    const char* data() const { return (const char*)(this + 1); }
    int64_t filling() const { return -n_bytes & 7; }
};

_COLD FILE* _open(const char* name, const char* mode)
{
    char path[4096];
    std::snprintf(path, sizeof(path), "%s/%s", _folder, name);
    FILE* file = std::fopen(path, mode);
    if (!file) _fail("cannot open %s", path);
    return file;
}

struct _Given
{
    char* begin = 0;
    int64_t size = 0;

    void open(const char* name)
    {
        if (begin) munmap(begin, size);
        FILE* file = _open(name, "rb");
        std::fseek(file, 0, SEEK_END);
        size = std::ftell(file);
        void* mapped = size ? mmap(0, size, PROT_READ, MAP_PRIVATE, fileno(file), 0) : 0;
        std::fclose(file);
        if (mapped == MAP_FAILED) _fail("cannot read %s", name);
        begin = (char*)mapped;
    }

    const _Array* find(const _Name& name) const
    {
        for (const char* at=begin; at<begin + size; )
        {
            const _Array* array = (const _Array*)at;
            if (!std::strcmp(array->name.text, name.text)) return array;
            at = array->data() + array->n_bytes + array->filling();
        }
        return 0;
    }
};

static _Given _of_chunk, _of_all_chunks;

_COLD const _Array* _find(const _Name& name)
{
    const _Array* found = _of_chunk.find(name);
    return found ? found : _of_all_chunks.find(name);
}

_COLD const _Array& _array(const _Name& name)
{
    const _Array* found = _find(name);
    if (!found) _fail("%s is not given", name.text);
    return *found;
}

_COLD void _read(const _Name& name, void* data, int64_t n_bytes)
{
    const _Array& from = _array(name);
    if (from.n_bytes != n_bytes)
        _fail("%s has %lld bytes, not %lld", name.text, (long long)from.n_bytes, (long long)n_bytes);
    std::memcpy(data, from.data(), n_bytes);
}

template<class T> _COLD void _read_all(const _Name& name, std::vector<T>& data)
{
    const _Array& from = _array(name);
    data.assign((const T*)from.data(), (const T*)(from.data() + from.n_bytes));
}

_COLD void _write(FILE* file, const void* data, int64_t n_bytes)
{
    if (n_bytes && (int64_t)std::fwrite(data, 1, n_bytes, file) != n_bytes)
        _fail("cannot write what was computed: is the disk full?");
}

static FILE* _made = 0;

_COLD void _write(const _Name& name, const void* data, int64_t n_bytes)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    const _Array array = {name, n_bytes};
    const int64_t nothing = 0;
    pthread_mutex_lock(&mutex);
    if (!_made) _made = _open("made", "wb");
    _write(_made, &array, sizeof(array));
    _write(_made, data, n_bytes);
    _write(_made, &nothing, array.filling());
    pthread_mutex_unlock(&mutex);
}

// What is still on its way to a file arrives, too.
_COLD void _close(FILE*& file)
{
    if (file && std::fclose(file)) _fail("cannot write what was computed: is the disk full?");
    file = 0;
}

// Synapses of a list: as many as there are, and again for every lane.
template<class T> _COLD T* _read_list(const _Name& name, int64_t lanes, int64_t& n)
{
    std::vector<T> own;
    _read_all(name, own);
    n = lanes*own.size();
    T* all = _room<T>(n);
    for (int64_t lane=0; lane<lanes; lane++) std::copy(own.begin(), own.end(), all + lane*own.size());
    return all;
}

// A variable of the network: `length` elements, of every lane where each has its own.
struct _Variable
{
    int array;    // number of its array in files
    char type;    // as NumPy writes it
    bool own;     // whether each lane has it for itself
    bool shared;  // whether all threads have the same
    bool is_read, changes;
    char* data;
    int64_t length;

    int64_t size() const { return type == 'd' || type == 'q' ? 8 : type == 'b' ? 1 : 4; }
    int64_t n_bytes() const { return length*size(); }
    char* of(int64_t lane) const { return data + (own ? lane*n_bytes() : 0); }

    // By their bits, of any number at a time.
    bool is_finite(int64_t lane) const
    {
        const uint64_t* wide = (const uint64_t*)of(lane);
        const uint32_t* narrow = (const uint32_t*)of(lane);
        int64_t odd = 0;
        if (type == 'd') for (int64_t k=0; k<length; k++) odd += (wide[k] >> 52 & 0x7ff) == 0x7ff;
        if (type == 'f') for (int64_t k=0; k<length; k++) odd += (narrow[k] >> 23 & 0xff) == 0xff;
        return !odd;
    }

    template<class T> static void add(const void* from, const std::vector<int32_t>& chosen, std::vector<double>& to)
    {
        const size_t n = to.size();
        to.resize(n + chosen.size());
        for (size_t k=0; k<chosen.size(); k++) to[n + k] = (double)((const T*)from)[chosen[k]];
    }

    void add_numbers(int64_t lane, const std::vector<int32_t>& chosen, std::vector<double>& to) const
    {
        if (type == 'd') add<double>(of(lane), chosen, to);
        else if (type == 'f') add<float>(of(lane), chosen, to);
        else if (type == 'q') add<int64_t>(of(lane), chosen, to);
        else if (type == 'i') add<int32_t>(of(lane), chosen, to);
        else add<char>(of(lane), chosen, to);
    }
};
