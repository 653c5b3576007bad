{# A kernel, and the function that launches it. Nothing is done before or after a run. #}
{% macro cpp_file() %}
#include "code_objects/{{codeobj_name}}.h"

namespace {
    {{support_code_lines|autoindent}}
}
{{hashdefine_lines|autoindent}}

{% block kernels %}
{% endblock %}

void _run_{{codeobj_name}}()
{
    {% block launch %}
    {% endblock %}
}
{% endmacro %}

{% macro h_file() %}
#ifndef _INCLUDED_{{codeobj_name}}
#define _INCLUDED_{{codeobj_name}}

void _run_{{codeobj_name}}();

#endif
{% endmacro %}

{% macro before_run_cpp_file() %}EMPTY_CODE_BLOCK{% endmacro %}
{% macro before_run_h_file() %}{% endmacro %}
{% macro after_run_cpp_file() %}EMPTY_CODE_BLOCK{% endmacro %}
{% macro after_run_h_file() %}{% endmacro %}
