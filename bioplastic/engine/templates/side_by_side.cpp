{# Samples side by side, in lanes and threads: what waits, and what they learn together; see lanes.py. #}
{% if _plan.lanes > 1 %}
// A lane whose sample is over waits for the others as it is.
_OWN std::vector<std::vector<char>> _kept;  // of each lane, what changes of it

static void _keep(int64_t lane)
{
    _kept.resize(_n_lanes);
    _kept[lane].clear();
    for (const _Variable& its : _variables)
        if (its.changes && its.own)
            _kept[lane].insert(_kept[lane].end(), its.of(lane), its.of(lane) + its.n_bytes());
}

static void _bring_back(int64_t lane)
{
    const char* kept = _kept[lane].data();
    for (const _Variable& its : _variables)
        if (its.changes && its.own)
        {
            std::memcpy(its.of(lane), kept, its.n_bytes());
            kept += its.n_bytes();
        }
}

// What was changed once for all.
static void _spread_shared()
{
    {% for its in _plan.spread %}
    _spread((char*){{its.array}}, ({{its.length}})*sizeof({{its.type}}));
    {% endfor %}
}
{% endif %}
{% if _plan.learned %}

// What samples side by side changed is put together, and all go on from there. Each thread sees to
// its part of the elements.
struct _Learned
{
    int64_t n;
    std::vector<double*> data;  // of each thread
    std::vector<double> before;

    int64_t first() const { return _thread_number*n/_n_threads; }
    int64_t end() const { return (_thread_number + 1)*n/_n_threads; }

    void begin() { std::copy(data[_thread_number] + first(), data[_thread_number] + end(), before.data() + first()); }

    // A value beyond its bounds, where normalisation may have lifted it, stays if nothing changed it.
    _HOT void put_together(double low=-INFINITY, double high=INFINITY)
    {
        const int64_t first_ = first(), n_ = end() - first_;
        const double* was = before.data() + first_;
        int64_t number = 0;
        std::vector<double> change(n_, 0.0);
        for (int64_t thread=0; thread<_n_threads; thread++)
            for (int64_t lane=0; lane<_n_lanes; lane++)
            {
                if (!_shows[thread*_n_lanes + lane]) continue;
                number++;
                const double* now = data[thread] + lane*n + first_;
                for (int64_t k=0; k<n_; k++) change[k] += now[k] - was[k];
            }
        const double share = _combine == 2 ? 1.0/number : 1.0;
        for (int64_t k=0; k<n_; k++)
            change[k] = std::min(std::max(was[k] + share*change[k], std::min(low, was[k])), std::max(high, was[k]));
        for (int64_t thread=0; thread<_n_threads; thread++)
            for (int64_t lane=0; lane<_n_lanes; lane++)
                std::copy(change.begin(), change.end(), data[thread] + lane*n + first_);
    }
};
static _Learned _learned[{{_plan.learned|length}}];

_COLD void _prepare_learned()
{
    {% for its, bound in _plan.learned %}
    _learned[{{loop.index0}}].n = {{its.length}};
    _learned[{{loop.index0}}].data.resize(_n_threads);
    _learned[{{loop.index0}}].before.resize({{its.length}});
    {% endfor %}
}

_COLD void _join_learned()
{
    {% for its, bound in _plan.learned %}
    _learned[{{loop.index0}}].data[_thread_number] = {{its.array}};
    {% endfor %}
}

static void _begin_round()
{
    if (_combine) for (_Learned& its : _learned) its.begin();
}

static void _learn_together()
{
    if (!_combine) return;
    _meet();
    {% for its, bound in _plan.learned %}
    _learned[{{loop.index0}}].put_together({{"0.0, %s[0]" % bound.array if bound}});
    {% endfor %}
    _meet();
}

// The first thread ends the batch, and has what all go on with.
static void _follow_first()
{
    {% for its in _plan.spread %}
    static {{its.type}}* first_{{loop.index}};
    if (!_thread_number) first_{{loop.index}} = {{its.array}};
    {% endfor %}
    _meet();
    {% for its in _plan.spread %}
    if (_thread_number) std::memcpy({{its.array}}, first_{{loop.index}}, ({{its.length}})*sizeof({{its.type}}));
    {% endfor %}
    _meet();
}
{% endif %}
