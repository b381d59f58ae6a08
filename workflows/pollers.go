package workflows

import "go.temporal.io/sdk/worker"

// taskPollers is how many requests for workflow tasks a worker keeps open at least. A task that meets none is written to
// Temporal's database and read again. With the SDK's 5, which grow only when tasks wait for a fifth of a second, that was so
// for eight tasks of ten when 16 people acted at once, and an action took 137 ms instead of 98.
const taskPollers = 32

// TaskPollers is how a worker asks Temporal for workflow tasks.
func TaskPollers() worker.PollerBehavior {
	return worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{
		InitialNumberOfPollers: taskPollers, MinimumNumberOfPollers: taskPollers,
	})
}
