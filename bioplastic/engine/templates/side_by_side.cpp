{# Samples side by side, in lanes and threads: what waits, and what they learn together; see lanes.py. #}
{% if _plan.lanes > 1 %}
// What was changed once for all.
static void _spread_shared()
{
    {% for its in _plan.spread %}
    _spread((char*){{its.array}}, ({{its.length}})*sizeof({{its.type}}));
    {% endfor %}
}
{% endif %}
{% if _plan.learned %}

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
