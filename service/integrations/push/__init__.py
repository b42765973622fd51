"""Web Push: what matters today wakes a person's device, which then looks for itself. What is sent is {collection, id}.

subscriptions  where a device is reached; the addresses are sealed
today          what of today she has not been told
sending        the worker's part: encrypted for the device, signed as ours (VAPID)
vapid          our key
"""
