{# Threads that share samples out, and learn together what a unit of them taught. #}

// Units of samples that are learned together, each shared out among all threads.
_COLD void _run_units()
{
    const int64_t in_batch = {{"(int64_t)_array_schedule_in_batch[0]" if _plan.batch else "0"}};
    int64_t first = 0, unit = _ends_together ? _unit - in_batch : _unit;
    for (;;)
    {
        const int64_t end = std::min(first + unit, _n_rows);
        static bool goes_on;
        if (!_thread_number)
        {
            goes_on = first < _n_rows && !_stop_requested;
            _next_row = goes_on ? end : first;
            _n_shown_together = _ends_together ? 0 : end - first;
        }
        _meet();
        if (!goes_on) return;
        _share_out(first, end);
        {% if _plan.learned %}
        if (_ends_together) _begin_round();
        {% endif %}
        _run_slots();
        {% if _plan.learned %}
        if (_ends_together)
        {
            _shows[_thread_number] = 1;
            _learn_together();
            {% if _plan.batch %}
            _array_schedule_in_batch[0] += end - first;
            _array_schedule_batch_ends[0] = _array_schedule_in_batch[0] >= _array_schedule_batch_size[0];
            if (_array_schedule_batch_ends[0]) _array_schedule_in_batch[0] = 0.0;
            _end_batch();
            {% endif %}
        }
        if (!_combine)  // else they have met to learn
        {% endif %}
        _meet();
        first = end;
        unit = _unit;
    }
}

_COLD void _work()
{
    _flush_denormals();
    if (_thread_number) _prepare();
    {% if _plan.learned %}
    _join_learned();
    {% endif %}
    _meet();
    if (_unit) _run_units();
    else _run_slots();
    _write_spikes();
}

_COLD void* _work_beside(void* number)
{
    _thread_number = (int64_t)number;
    _work();
    return 0;
}

_COLD void _work_together()
{
    std::vector<pthread_t> others(_n_threads - 1);
    {% if _plan.learned %}
    _prepare_learned();
    {% endif %}
    for (int64_t k=0; k<_n_threads - 1; k++)
        if (pthread_create(&others[k], 0, _work_beside, (void*)(k + 1))) _fail("cannot start a thread");
    _work();
    for (pthread_t& other : others) pthread_join(other, 0);
}

