{# Neurons that spike. #}
{# USES_VARIABLES { N } #}
{% extends 'common.cu' %}

{% block kernels %}
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, owner) %}
{% if own.body %}
static __global__ void _kernel_{{codeobj_name}}(const int64_t _n, const int32_t* __restrict__ _spikes
    {{own.parameters}})
{
    {{own.head|autoindent}}
    const int32_t _n_spikes = _spikes[_n];
    for (int64_t _spike=_thread(); _spike<_n_spikes; _spike+=_all_threads())
    {
        const int64_t _idx = _spikes[_spike];
        const int64_t _vectorisation_idx = _idx;
        {{own.body|autoindent}}
    }
}
{% endif %}
{% endblock %}

{% block launch %}
{% set own = kernel(codeobj_name, scalar_code, vector_code, variables, owner) %}
{% if own.body %}
    const int64_t n = {{in_lanes(owner)}};
    _launch(_kernel_{{codeobj_name}}, {{'dim3(1), 1' if own.side == 'serial' else '_up_to(_n_tiles(n), 512), _block_size'}},
            n, {{on_device(eventspace_variable)}}{{own.arguments}});
{% endif %}
{% endblock %}
