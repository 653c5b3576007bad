"""The column of Maass et al. (2002) as a plain NumPy loop: a second opinion on MaassColumn.

It shares the drawn constants with a fitted LiquidStateMachine, and no code.
"""

import numpy as np

PAIRS = [("exc", "exc"), ("exc", "inh"), ("inh", "exc"), ("inh", "inh")]
TAU_MEMBRANE, TAU_EXC, TAU_INH = 30e-3, 3e-3, 6e-3
REST, RESET, THRESHOLD = 13.5, 13.5, 15.0


def simulate(state, X, dt, *, exact_input=False, stays_active=False):
    """Whether each neuron spikes, of shape (n_samples, n_steps, n_neurons).

    exact_input: integrate the membrane exactly under the current of the input, in place of a step
    with the current's value at its begin. stays_active: what a synapse used recovers only when it
    has left the active state, which decays like the current.
    """
    n_exc, n_inh = (len(state[f"{name}.v_initial"]) for name in ("exc", "inh"))
    n, n_steps = len(X), round(float(X.duration[0]) / dt)
    first = {"exc": 0, "inh": n_exc}
    names = ("w", "utilisation", "tau_recovery", "tau_facilitation", "delay")
    columns = {key: [state[f"{a}_to_{b}.{key}"] for a, b in PAIRS] for key in names}
    w, u_0, d, f, delay = (np.concatenate(columns[key]) for key in names)
    pre, post = (
        np.concatenate(
            [state[f"{a}_to_{b}.{key}"].astype(int) + first[side(a, b)] for a, b in PAIRS]
        )
        for key, side in (("i", lambda a, b: a), ("j", lambda a, b: b))
    )
    delay = np.floor(delay / dt + 0.5).astype(int)
    inhibits = pre >= n_exc
    groups = [(steps, np.flatnonzero(delay == steps)) for steps in np.unique(delay)]
    refractory = np.repeat([round(3e-3 / dt), round(2e-3 / dt)], [n_exc, n_inh])
    w_input = np.zeros((X.n_units, n_exc + n_inh))
    for name in first:
        i, j = (state[f"input_to_{name}.{key}"].astype(int) for key in "ij")
        w_input[i, j + first[name]] = state[f"input_to_{name}.w"]
    arriving = np.zeros((n, n_steps + len(X.times), X.n_units))
    for k in range(n):
        one = X[k]
        for t, channel in zip(np.floor(one.times / dt + 1e-6).astype(int), one.units, strict=True):
            while arriving[k, t, channel]:  # a channel fires once a step, and then in the next
                t += 1
            arriving[k, t, channel] = 1

    v = np.tile(1e3 * np.concatenate([state["exc.v_initial"], state["inh.v_initial"]]), (n, 1))
    i_exc, i_inh, i_input = (np.zeros_like(v) for _ in range(3))
    ready, used, active = (np.full((n, len(w)), value) for value in (1.0, 0.0, 0.0))
    free = np.full(v.shape, -1)
    spikes = np.zeros((n, n_steps, n_exc + n_inh), dtype=bool)
    a, decay = dt / TAU_MEMBRANE, np.exp(-dt / TAU_EXC)
    # As the library does, which lets `a` depend on refractoriness: 1/(1 + a + a**2/2) for exp(-a).
    leak = np.exp(-a) if exact_input else 1 / (1 + a + a * a / 2)
    fade = np.exp(-dt / np.where(inhibits, TAU_INH, TAU_EXC))
    share = TAU_EXC / (TAU_MEMBRANE - TAU_EXC) * (leak - decay) if exact_input else 1 - leak
    for t in range(n_steps):
        moved = v * leak + (1 - leak) * (REST + i_exc - i_inh) + share * i_input
        v = np.where(free <= t, moved, v)
        i_exc, i_inh, i_input = i_exc * decay, i_inh * np.exp(-dt / TAU_INH), i_input * decay
        used = used * np.exp(-dt / f)
        if stays_active:
            ready, active = ready + (1 - ready - active) * dt / d, active * fade
        else:
            ready = 1 - (1 - ready) * np.exp(-dt / d)
        spikes[:, t] = v > THRESHOLD
        for steps, synapses in groups:
            if steps > t:
                continue
            row, k = np.nonzero(spikes[:, t - steps, pre[synapses]])
            k = synapses[k]
            used[row, k] += u_0[k] * (1 - used[row, k])
            released = used[row, k] * ready[row, k]
            ready[row, k] -= released
            active[row, k] += released
            for current, chosen in ((i_exc, ~inhibits[k]), (i_inh, inhibits[k])):
                np.add.at(current, (row[chosen], post[k[chosen]]), (released * w[k])[chosen])
        i_input = i_input + arriving[:, t] @ w_input
        v = np.where(spikes[:, t], RESET, v)
        free = np.where(spikes[:, t], t + refractory, free)
    return spikes
