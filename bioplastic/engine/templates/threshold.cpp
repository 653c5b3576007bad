{# Looks at blocks of neurons with vector instructions, and at single neurons only in a block that
   holds a spike; only there it counts who is refractory. Random numbers are a function (noise.h): a
   second look sees the same. #}
{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    // scalar code
    const int _vectorisation_idx = -1;
    {{scalar_code|remembered|autoindent}}
    {% set _eventspace = get_array_name(eventspace_variable) %}
    long _count = 0;
    {% macro any_of(first, end) %}
    int64_t _any = 0;
    for(int64_t _idx={{first}}; _idx<{{end}}; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        {{vector_code|of_anybody|autoindent}}
        _any += _cond;
    }
    if(!_any) continue;
    {% endmacro %}
    const int64_t _block = 128, _part = 16;
    for(int64_t _start=0; _start<N; _start+=_block)
    {
        const int64_t _stop = _start + _block < N ? _start + _block : N;
        {{any_of('_start', '_stop')}}
        for(int64_t _first=_start; _first<_stop; _first+=_part)
        {
            const int64_t _end = _first + _part < _stop ? _first + _part : _stop;
            {{any_of('_first', '_end')}}
            for(int64_t _idx=_first; _idx<_end; _idx++)
            {
                const size_t _vectorisation_idx = _idx;
                {{vector_code|autoindent}}
                if(_cond) {
                    {{_eventspace}}[_count++] = _idx;
                    {% if _uses_refractory %}
                    {{not_refractory}}[_idx] = false;
                    {{lastspike}}[_idx] = {{t}};
                    {% endif %}
                }
            }
        }
    }
    {{_eventspace}}[N] = _count;
{% endblock %}
