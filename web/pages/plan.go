package pages

import (
	"cmp"
	"math"
	"net/url"
	"strconv"
	"strings"

	"slipway/lifecycle"
)

// ownPlan is the choice of a plan of one's own.
const ownPlan = "own"

// planForm is a rollout plan as somebody typed it.
type planForm struct {
	// Choice is the name of a plan to choose from, or ownPlan; then the other fields count.
	Choice                      string
	Percent, Bake, Testers      string
	Stages                      string // a line each: percentage and hold time
	StopForPerson               bool
	Query, Max, Interval, Count string
	Rules                       string // several, as JSON
	NoDataIsHealthy             bool
	PauseOnUnhealthy            bool
}

// newPlanForm begins with the plan that the mini-program has, else with the default one.
func newPlanForm(status lifecycle.Status, settings lifecycle.Settings) planForm {
	switch {
	case status.Rollout != nil:
		return formOfPlan(ownPlan, status.Rollout.Plan)
	case status.Plan != nil:
		return formOfPlan(ownPlan, *status.Plan)
	default:
		return formOfPlan(settings.DefaultPlan, settings.Plans[settings.DefaultPlan])
	}
}

func formOfPlan(choice string, plan lifecycle.Plan) planForm {
	var stages strings.Builder
	for _, stage := range plan.Production {
		stages.WriteString(percentText(stage.Percent) + "% " + stage.Hold.String() + "\n")
	}
	f := planForm{
		Choice: choice, Percent: percentText(plan.Grayscale.Percent), Bake: plan.Grayscale.Bake.String(),
		Testers: testersText(plan.Grayscale.Testers), Stages: stages.String(),
		StopForPerson: !plan.PromotesItself(), PauseOnUnhealthy: plan.OnUnhealthy == lifecycle.PauseOnUnhealthy,
	}
	f.Rules = rulesText(plan.Health)
	if plan.Health != nil && f.Rules == "" {
		f.Query, f.Max = plan.Health.Query, strconv.FormatFloat(plan.Health.Max, 'g', -1, 64)
		f.Interval, f.Count = plan.Health.Interval.String(), strconv.Itoa(plan.Health.Failures)
		f.NoDataIsHealthy = plan.Health.NoData == lifecycle.Healthy
	}
	return f
}

func readPlanForm(posted url.Values) planForm {
	return planForm{
		Choice: posted.Get("plan"), Percent: posted.Get("plan_percent"), Bake: posted.Get("plan_bake"),
		Testers: lines(posted.Get("plan_testers")), Stages: lines(posted.Get("plan_stages")),
		StopForPerson: posted.Get("plan_stop") != "", PauseOnUnhealthy: posted.Get("plan_unhealthy") == string(lifecycle.PauseOnUnhealthy),
		Query: lines(posted.Get("health_query")), Max: posted.Get("health_max"),
		Interval: posted.Get("health_interval"), Count: posted.Get("health_failures"),
		NoDataIsHealthy: posted.Get("health_no_data") == string(lifecycle.Healthy), Rules: lines(posted.Get("health_rules")),
	}
}

// read understands the plan; the workflow judges it.
func (f planForm) read() (lifecycle.Plan, error) {
	if f.Choice != ownPlan {
		return lifecycle.Plan{Name: f.Choice}, nil
	}
	plan := lifecycle.Plan{AutoPromote: new(!f.StopForPerson), OnUnhealthy: lifecycle.RollbackOnUnhealthy}
	if f.PauseOnUnhealthy {
		plan.OnUnhealthy = lifecycle.PauseOnUnhealthy
	}
	var err error
	if plan.Grayscale.Percent, err = readPercent("the grayscale percentage", f.Percent); err != nil {
		return plan, err
	}
	if plan.Grayscale.Bake, err = readDuration("the bake time", f.Bake); err != nil {
		return plan, err
	}
	if plan.Grayscale.Testers, err = readTesters(f.Testers); err != nil {
		return plan, err
	}
	if plan.Production, err = f.readStages(); err != nil {
		return plan, err
	}
	plan.Health, err = f.readHealth()
	return plan, err
}

func (f planForm) readStages() ([]lifecycle.Stage, error) {
	var stages []lifecycle.Stage
	for line := range strings.Lines(f.Stages) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) > 2 {
			return nil, invalid("the stage %q is not a percentage and a time; write it as in 25%% 24h", strings.TrimSpace(line))
		}
		percent, err := readPercent("the percentage of a stage", words[0])
		if err != nil {
			return nil, err
		}
		stage := lifecycle.Stage{Percent: percent}
		if len(words) == 2 {
			if stage.Hold, err = readDuration("the time of a stage", words[1]); err != nil {
				return nil, err
			}
		}
		stages = append(stages, stage)
	}
	return stages, nil
}

// readHealth is nil when no query is given: then the rollout goes by time alone.
func (f planForm) readHealth() (*lifecycle.Health, error) {
	one, several := strings.TrimSpace(f.Query) != "", strings.TrimSpace(f.Rules) != ""
	switch {
	case one && several:
		return nil, invalid("the health gate has a query and a list of rules; leave one of them empty, or write the query among the rules")
	case several:
		return readRules(f.Rules)
	case !one:
		return nil, nil
	}
	limit, err := strconv.ParseFloat(strings.TrimSpace(f.Max), 64)
	if err != nil || math.IsNaN(limit) || math.IsInf(limit, 0) {
		return nil, invalid("the limit of the health gate is %q; write a number", f.Max)
	}
	interval, err := readDuration("the interval of the health gate", f.Interval)
	if err != nil {
		return nil, err
	}
	failures, err := strconv.Atoi(strings.TrimSpace(f.Count))
	if err != nil {
		return nil, invalid("the number of breaches in a row is %q; write a whole number", f.Count)
	}
	health := &lifecycle.Health{Query: f.Query, Max: limit, Interval: interval, Failures: failures}
	if f.NoDataIsHealthy {
		health.NoData = lifecycle.Healthy
	}
	return health, nil
}

func readDuration(what, text string) (lifecycle.Duration, error) {
	var duration lifecycle.Duration
	if err := duration.UnmarshalText([]byte(cmp.Or(strings.TrimSpace(text), "0s"))); err != nil {
		return 0, invalid("%s: %s", what, err)
	}
	return duration, nil
}
