{# What synapses compute, summed by their neurons. #}
{# USES_VARIABLES { N } #}
{% extends 'stateupdate.cu' %}
