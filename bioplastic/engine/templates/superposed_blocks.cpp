{# Ends of spans and blocks of steps that are computed by superposition. #}
{% for all in _plan.superposed %}

static void _end_span_{{all.name}}() { {{all.end_span}} }

// States are forgotten when a slot begins: what the last block left of them matters to nobody,
// unless the run ends there.
static void _end_block_{{all.name}}(bool states)
{
    auto& all = _superposition_{{all.name}};
    _end_span_{{all.name}}();
    if (states) {{all.superpose}}
    else {{all.superpose_sums}}
    all.end_block(states);
}
{% endfor %}

