# The words of the pages in English. Every file of this folder has the same messages in the same order.

## Around every page
skip-to-content = Skip to the content
nav-label = Sections
nav-overview = Overview
nav-kpis = Key figures
nav-risk = Risk
nav-queue = Follow-ups
nav-effect = Effect
nav-next-issues = Next issues
nav-models = Models
nav-users = Users
nav-audit = Audit
sign-out = Sign out
footer-zone = All times are in { $zone }.
save = Save
show = Show
faults-title = Please correct this:

## What was done
notice-saved = Saved.
notice-password = The password is set. Sessions that were open elsewhere have ended.
notice-added = The user was added.
notice-enabled = The user may sign in again.
notice-disabled = The user is disabled and signed out everywhere.
notice-role = Role and team are changed. The user has to sign in again.
notice-claim = The follow-up is yours.
notice-release = The follow-up is back in the queue.
notice-follow-up-done = Recorded as done.
notice-snooze = Put off; it comes back by itself.
notice-disagree = Recorded: you do not share the assessment.
notice-not-needed = Recorded as not needed.
notice-model = Recorded. The service takes the model up by itself within moments.
notice-signed-out = You are signed out.
conflict-kept = Nothing of yours was done. What you typed is kept below.

## Errors
error-to-start = To the first page
error-sign-in = Please sign in.
error-not-permitted-title = Not for your role
error-not-permitted = Your role does not permit this. If you need it, ask an administrator.
error-not-found-title = Nothing is here
error-not-found = There is nothing at this address, or it is not for you to see.
error-method-title = Not this way
error-method = This address cannot be called in this way. Go back and use the page's own buttons.
error-foreign-form-title = The form is out of date
error-foreign-form = The form belongs to a session that has ended, or did not come from this page. Nothing was changed. Open the page again and repeat what you did.
error-unreadable-form-title = The form could not be read
error-unreadable-form = Something in the form was missing or not as expected. Nothing was changed.
error-attempts-title = Too many wrong passwords
error-attempts = Too many wrong passwords came from your address. Wait some minutes and try again.
error-busy-title = Please try again
error-busy = The service cannot answer just now. Try again in a moment.
error-internal-title = Something went wrong
error-internal = The service failed. What happened stands in its log.

## Signing in
sign-in-title = Sign in
sign-in-button = Sign in
sign-in-no-users = There are no users yet. The first one is made on the command line:
sign-in-failed = The name and the password do not fit, or the name is locked or disabled. After { $attempts ->
        [one] { $attempts } wrong password
       *[other] { $attempts } wrong passwords
    } in a row a name is locked for a while.
password = Password

## Users
user-name = User name
user-name-hint = Letters, digits and . - _ @; it cannot be changed later.
user-display-name = Name
user-role = Role
user-team = Team
user-team-hint = For team leads: the team as it stands in tickets. They see this team only.
user-access = Access
user-added = Added
user-is-enabled = may sign in
user-is-disabled = disabled
user-is-self = This is you. Another administrator has to change your role, password or access; your own password you change under your name above.
user-set-role = Role and team
user-set-password = Set a new password
user-sessions-end = The user is signed out everywhere.
user-enable = Let sign in again
user-disable = Disable
users-title = Users
users-back = All users
users-count = { $count ->
        [one] { $count } user
       *[other] { $count } users
    }
users-add = Add a user
users-add-button = Add
role-manager = Manager
role-team-lead = Team lead
role-analyst = Analyst
role-admin = Administrator

## The own account
account-title = Your account
account-preferences = Language and colours
account-password = Change your password
account-password-hint = Sessions that are open elsewhere end.
account-password-button = Change the password
language = Language
language-browser = As the browser says
theme = Colours
theme-system = As the system says
theme-light = Light
theme-dark = Dark
password-now = Present password
password-new = New password
password-again = New password again
password-hint = At least { $least ->
        [one] { $least } character
       *[other] { $least } characters
    }; a few words are good.

## What is wrong with a field
fault-reason = Expected one line of 1 to 1,000 characters.
fault-name = Expected 1 to { $most } characters.
fault-user-name = Expected 1 to { $most } letters, digits and . - _ @.
fault-user-exists = There is a user of this name already.
fault-team-missing = A team lead needs a team.
fault-password = The new password must have { $least } to { $most } characters.
fault-password-again = The new password was not repeated as it was.
fault-password-now = This is not your present password.
fault-last-admin = Nobody could manage users after this.

## Audit
audit-title = Audit
audit-explained = Who signed in, what they changed and what they were refused; the newest { $most ->
        [one] { $most } line
       *[other] { $most } lines
    }. Nothing here can be changed.
audit-count = { $count ->
        [one] { $count } line
       *[other] { $count } lines
    }
audit-when = When
audit-who = Who
audit-what = What
audit-object = On what
audit-address = From where
audit-nobody = (nobody who is known)
audit-signed-in = signed in
audit-sign-in-failed = wrong name or password
audit-signed-out = signed out
audit-refused = role does not permit it
audit-not-found = asked for what is not there or not for them
audit-user-added = added a user
audit-user-disabled = disabled a user
audit-user-enabled = enabled a user
audit-role-changed = changed role or team
audit-password-set = set a password
audit-plan-written = wrote a version of a plan
audit-exported = took a table as a file
audit-model-changed = made another model live

## Figures
count-days = { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
interval = 95% interval { $low } to { $high }
no-rate = No rate yet
chart-table = The figures as a table
chart-interval = 95% interval
chart-young = will still change
interval-low = From
interval-high = To
closed-tickets = Closed tickets
category = Category
label-unknown = (not known)

## Key figures
kpi-title = Key figures
kpi-from = From
kpi-until = Until and with
kpi-by = By
kpi-by-none = not divided
kpi-only = Only this one (its exact name)
kpi-channel = Channel
kpi-segment = Customer segment
kpi-step = Steps of the chart
kpi-step-day = Day
kpi-step-week = Week
kpi-step-month = Month
kpi-window = Days after the closing
kpi-measure = Key figure
kpi-scope = From { $from } until and with { $until }; days begin as in the time zone { $zone }.
kpi-scope-slice = Only { $slice }: { $label }.
kpi-all = All key figures of the period
kpi-value = Value
kpi-numerator = What is counted
kpi-denominator = Out of
kpi-cases = Cases
kpi-window-days = Window, days
kpi-left-out = Left out
kpi-remarks = Remarks
kpi-definition = What it is
kpi-origin = After
kpi-id = Identifier
kpi-numerator-is = What is counted, in words
kpi-denominator-is = Out of what, in words
kpi-part = messages of the customer: { $part }
kpi-seconds = { $number } s
kpi-minutes = { $number } min
kpi-hours = { $number } h
kpi-days = { $number } d
kpi-left-immature = { $count } too recent
kpi-left-without-fields = { $count } without a needed field
kpi-left-not-resolvable = { $count } that the first level could not resolve
kpi-left-without-scale = { $count } on an unknown scale
kpi-not-measured = { $count ->
        [one] not measured: tickets lack the field { $fields }
       *[other] not measured: tickets lack the fields { $fields }
    }
kpi-no-cases = no cases
kpi-small = few cases: says little
kpi-immature-until = will still change until { $date }
kpi-small-numbers = Figures of fewer than { $count ->
        [one] { $count } case
       *[other] { $count } cases
    } are marked: they say little.
kpi-immature = { $count ->
        [one] { $count } episode
       *[other] { $count } episodes
    } of the period ended too recently: whether the customer comes back within { $days ->
        [one] { $days } day
       *[other] { $days } days
    } is not known yet. What looks like an improvement on the last days usually is just that.
kpi-cut = The first or the last step of the chart is cut by the period.
kpi-empty = Nothing was opened, closed or said in this period. As soon as something is, figures stand here.
kpi-only-immature = Every closing of this period is too recent ({ $count }): rates of repeat contacts are told { $days ->
        [one] { $days } day
       *[other] { $days } days
    } after the day of the closing.
kpi-not-counted = { $count ->
        [one] { $count } day has
       *[other] { $count } days have
    } changed and must be counted first, after an upgrade or a large import. Come back in some minutes.
kpi-over-time = Over time
kpi-trend = Over time: { $measure }
kpi-slices = Divided
kpi-by-slice = { $measure } by { $slice }, in the order of names
kpi-change-title = What changed since the period before: { $measure }
kpi-change-from-to = From { $before } to { $after }: { $difference } percentage points (95% interval { $low } to { $high }).
kpi-change-before = Period before
kpi-change-after = This period
kpi-change-none = In one of the two periods there are no cases that are old enough.
kpi-fault-day = Expected a day such as 2026-01-05, from 1970 on.
kpi-fault-period = The last day must not be before the first one, and there can be { $most ->
        [one] { $most } day
       *[other] { $most } days
    } at most.
kpi-fault-by = Expected team, category, channel or segment.
kpi-fault-only = Say by what it is divided, to see one part alone.
kpi-fault-own-team = You see your team only, which is not divided further.
kpi-fault-measure = There is no such key figure.
kpi-fault-window = Expected 1, 3, 7, 14 or 30 days.
kpi-fault-step = Expected day, week or month.
kpi-fault-steps = The chart can have { $most ->
        [one] { $most } step
       *[other] { $most } steps
    } at most: choose longer steps or a shorter period.
kpi-fault-slices = There are too many parts: { $most ->
        [one] { $most } figure
       *[other] { $most } figures
    } at most. See one part alone.

## Overview
overview-title = Overview
overview-window = Came back within
overview-period = Closed in the last
overview-until = Until (empty: now)
overview-closed-between = Closed:
overview-immature = { $count ->
        [0] Every closed ticket has been closed long enough.
        [one] { $count } newer ticket was closed too recently to be counted.
       *[other] { $count } newer tickets were closed too recently to be counted.
    }
overview-empty = No closed ticket is old enough yet. As soon as the first ones are, figures stand here.
repeat-rate = Repeat contacts
repeat-rate-explained = { $count } of { $trials }: after the closing the customer came back within { $days ->
        [one] { $days } day
       *[other] { $days } days
    } with the same or a related issue.
resolution-rate = Resolved at the first contact
resolution-rate-explained = { $count } of { $trials }: nobody came back with the same issue within { $days ->
        [one] { $days } day
       *[other] { $days } days
    }.
explicit-share = Same issue again
explicit-share-explained = { $count } of { $trials } repeats were about the same issue; the others about a related one.
overview-team = team { $team } only
overview-weeks = Week by week
overview-trend = Repeat contacts by week of closing
overview-no-trend = There is nothing to draw yet.
overview-trend-week = Week of closing, from
at-risk = At high risk now
at-risk-explained = Closed in the last { $days ->
        [one] { $days } day
       *[other] { $days } days
    } at high risk; the customer has not come back so far.
follow-ups-due = Follow-ups to make
follow-ups-due-explained = { $overdue ->
        [0] None of them is overdue.
        [one] { $overdue } of them is overdue.
       *[other] { $overdue } of them are overdue.
    }
change-title = What changed since the week before
change-from-to = Repeat contacts went from { $before } to { $after }: { $difference } percentage points (95% interval { $low } to { $high }).
change-clear = That is more than chance explains.
change-unclear = Chance alone may explain that.
change-parts = Of it, { $mix } because other categories came (mix), and { $rate } because categories changed by themselves (rate).
change-table = Categories that moved it most, in percentage points
change-before = Before
change-after = Last week
change-mix = Mix
change-rate = Rate
change-total = Together
change-bar = Bar
change-more = { $count ->
        [one] And { $count } more category with a smaller part.
       *[other] And { $count } more categories with smaller parts.
    }
change-none = There are not two weeks with closed tickets that are old enough.
freshness-title = How fresh this is
freshness-closing = Newest closed ticket
freshness-contact = Newest contact
freshness-now = This page
monitoring-title = Drift
monitoring-unknown = Whether anything drifts is being computed or cannot be told now.
monitoring-quiet = Nothing drifts, as far as there are enough cases to tell.
monitoring-alerts = { $count ->
        [one] { $count } figure is an alert:
       *[other] { $count } figures are alerts:
    }
monitoring-watched = { $count ->
        [one] { $count } figure is to be watched:
       *[other] { $count } figures are to be watched:
    }

## Follow-ups
queue-title = Follow-ups
queue-item-title = Follow-up of ticket { $ticket }
queue-back = All follow-ups
queue-all-teams = All teams
queue-no-team = Without a team
queue-all-categories = All categories
queue-state = State
queue-today = To take today
queue-due = Due
queue-due-any = At any time
queue-due-overdue = Overdue
queue-due-today = Today or before
queue-waiting = waiting
queue-suppressed = not to be made
queue-claimed = in hand
queue-done = done
queue-snoozed = put off
queue-disagreed = disagreed with
queue-not-needed = not needed
queue-expired = expired
queue-empty = Nothing to show: nothing fits the choice, or the team has taken what it can today.
queue-day = { $count ->
        [one] { $count } more can be taken today ({ $taken } of { $capacity } taken).
       *[other] { $count } more can be taken today ({ $taken } of { $capacity } taken).
    }
queue-quiet-until = Quiet hours until
queue-count = { $count ->
        [one] { $count } follow-up, the most urgent first
       *[other] { $count } follow-ups, the most urgent first
    }
queue-ticket = Ticket
queue-probability = Comes back
queue-band = Risk
queue-claimed-by = In hand of
queue-model = Risk model
queue-available = To be made from
queue-expires = Of no use after
queue-closed = Ticket closed
queue-overdue = overdue
queue-came-back = came back
queue-came-back-at = The customer has come back already: look at that contact first. It came
queue-more = Further ones
queue-claim = Take it
queue-release = Give it back
queue-list-changed = Somebody has changed the list; it is up to date again.
queue-item-changed = Somebody has changed this follow-up meanwhile.
queue-show-now = Show it as it is now
queue-why = Why the customer is likely to come back
queue-no-reasons = No reasons are known.
queue-next-issue = { $days ->
        [one] Likely next: { $category } ({ $share } within { $days } day), around { $when }.
       *[other] Likely next: { $category } ({ $share } within { $days } days), around { $when }.
    }
queue-expected-repeat = { $days ->
        [one] The same issue comes again in { $share } of cases within { $days } day, usually around { $when }.
       *[other] The same issue comes again in { $share } of cases within { $days } days, usually around { $when }.
    }
queue-message = What to say
queue-no-message = The category has no plan with a message.
queue-plan = Plan, version { $version }; owner: { $owner }.
queue-steps = What can be done
queue-finish-title = The customer was contacted
queue-finish = Done
queue-channel = Channel
channel-email = E-mail
channel-phone = Telephone
channel-chat = Chat
queue-note = What to remember of it (no personal data)
queue-snooze-title = Put it off
queue-snooze = Put off
queue-until = Until
queue-reason = Reason
queue-reason-hint = In a few words, without personal data.
queue-decide-title = It is not to be made
queue-disagree = The assessment is wrong
queue-drop = Not needed
queue-conversation = The conversation
queue-history = What was done so far
queue-changed = { $who } was faster: { $what }, { $when }. Now the follow-up is: { $status }.
queue-not-allowed = This cannot be done now. The follow-up is: { $status }.
queue-capacity-reached = { $count ->
        [one] The team takes { $count } follow-up a day. Finish or give back one first.
       *[other] The team takes { $count } follow-ups a day. Finish or give back one first.
    }
queue-quiet = The customer is to be left in peace until { $until }.
fault-until = Expected a time after now and before { $expires }, quiet hours left out.
fault-moment = Expected a date and a time.
step-enqueue = put into the queue
step-claim = taken
step-release = given back
step-done = done
step-snooze = put off
step-disagree = disagreed with
step-not-needed = not needed
step-expire = expired
step-suppress = not to be made
band-high = high
band-medium = medium
band-low = low
kind-substantive = wants something
kind-thanks = thanks
kind-auto-reply = automatic reply
kind-bounce = could not be delivered
kind-survey-reply = answer to a survey
kind-spam = advertising
kind-agent-created = written by an agent
author-customer = customer
author-agent = agent
author-system = program

## The conversation
conversation-count = { $count ->
        [one] { $count } message, the newest last
       *[other] { $count } messages, the newest last
    }
conversation-empty = Nothing was written that is known here.
conversation-redacted = Personal data was removed before the texts were stored. They are kept for { $days ->
        [one] { $days } day.
       *[other] { $days } days.
    }
conversation-off = Texts are not kept here: the service is set so. What was written stands in your helpdesk.
conversation-erased = The text was removed with the customer's data.
conversation-old = The text is not kept any more: it is older than { $days ->
        [one] { $days } day.
       *[other] { $days } days.
    }
conversation-gone = The text is not kept here: it stands in your helpdesk.
conversation-nothing = Nothing but quoted mail or a signature.
conversation-rest = The rest ({ $count ->
        [one] { $count } character
       *[other] { $count } characters
    })
conversation-cut = The text goes on in your helpdesk.
conversation-first = first message, as the ticket tells it
conversation-last = last message, as the ticket tells it
conversation-answer = answer, as the ticket tells it
redacted-title = Removed before the text was stored: { $what }
redacted-email = e-mail address
redacted-phone = telephone number
redacted-card = card number
redacted-iban = account number
redacted-passport = passport number
redacted-national-id = personal number
redacted-tax-id = tax number
redacted-query = part of an address
redacted-ip = IP address
redacted-secret = password or code
redacted-location = postal address
redacted-person = name

## A ticket
ticket-title = Ticket { $ticket }
ticket-link = The ticket with all its events
ticket-customer = Customer (keyed hash)
ticket-reopens = Opened again
ticket-open = open
ticket-closed = closed
ticket-opened = opened
ticket-timeline = What happened
ticket-events = { $count ->
        [one] { $count } event, the first one first
       *[other] { $count } events, the first one first
    }
ticket-details = Details
ticket-classified = { $category } (model { $model })
ticket-assessed = Probability of coming back { $share }, risk { $band } (model { $model })
ticket-not-assessed = No risk was assessed.
ticket-feedback = label corrected or confirmed
ticket-feedback-details = { $head }: { $label }; predicted: { $predicted } (model { $model })
ticket-step = follow-up: { $what }
ticket-corrected = outcome corrected
ticket-outcomes = Whether the customer came back
ticket-outcomes-by-window = Outcome of each closing, by window
ticket-never-closed = The ticket was never closed.
ticket-episode = Closing
ticket-window = Within
ticket-outcome = Outcome
ticket-matures = Window ends
outcome-immature = not known yet: the window is not over
outcome-none = did not come back
outcome-explicit = came back with the same issue
outcome-implicit = came back with a related issue
outcome-induced = answered our own follow-up only
outcome-unrelated = came with something else only

## Effect
effect-title = Effect of following up
effect-experiment = Experiment
effect-scope = Started { $started }; { $share } of customers are followed up; a repeat counts within { $days } days after the closing. All teams.
effect-none = No experiment was started yet.
effect-too-early = It is too early to say.
effect-invalid = The groups do not have the sizes that chance would give: no figure here can be trusted.
effect-reduces = Following up leads to fewer repeats.
effect-increases = Following up leads to more repeats.
effect-no-difference = No difference was shown.
effect-next-look = The next planned look is on { $date }.
effect-ratio-nobody = Sample-ratio check: nobody is in the experiment yet.
effect-ratio-fits = Sample-ratio check: { $treatment } customers followed up and { $control } held out, planned share { $share }, p = { $p }: the sizes fit.
effect-ratio-broken = Sample-ratio check: { $treatment } customers followed up and { $control } held out, planned share { $share }, p = { $p }: the sizes do not fit.
effect-left-out = Left out: customers in both groups: { $both }; tickets whose closing is not known any more: { $unknown }.
effect-arms = Both groups
effect-arm = Group
effect-treatment = Followed up
effect-control = Held out
effect-customers = Customers
effect-flagged = Flagged
effect-immature = Too recent
effect-mature = Old enough
effect-repeats = Repeats
effect-rate = Repeat rate
effect-rates = Repeat rates of both groups
effect-induced = Answers to our follow-ups
effect-contacted = Really followed up
effect-results = What it came to
effect-figure = Figure
effect-difference = Difference of the repeat rates, percentage points
effect-gross = Contacts avoided
effect-induced-net = Contacts that our follow-ups caused
effect-cost = Cost of the follow-ups, in contacts
effect-net = Contacts avoided, net
effect-money = Saved, net, in money
effect-nothing-mature = There is no difference to tell before both groups have tickets that are old enough.
models-title = Models
models-explained = Every version below the models folder. An admin makes another one live by its kind; a comparison as grounds is given on the command line (recontact models promote).
models-errors = What could not be loaded
models-none = There are no models: the models folder is empty.
models-count = { $count ->
    [one] { $count } version
   *[other] { $count } versions
}
models-kind = Model
models-version = Version
models-state = State
models-trained = Trained
models-live-since = Live since
models-by = By
models-how = How
models-reason = Reason
models-figures = Figures on held-out data, as training measured them
models-figure = Figure
models-value = Value
models-unreadable = its description cannot be read
models-live = live
models-live-not-serving = live, but not loaded
models-serving = still answers, no longer live
models-shadow = runs beside the live one
models-idle = not in use
model-category = category
model-kind = kind
model-urgency = urgency
model-team = team
model-language = language
model-risk = repeat contact
model-step-first = the first one
model-step-promoted = compared and not worse
model-step-forced = forced
model-step-rolled-back = rolled back
model-change-title = Model: { $kind }
models-back = All models
model-make-live = Version to make live
model-was-live = { $version } (live before)
model-reason-hint = It stays in the history, with your name.
model-change = Make live
model-change-explained = The version is checked whole before; what answers now goes on until the new one is loaded. No comparison is asked for here, so say why.
model-no-other = There is no other version of this kind.
model-overtaken = Meanwhile another version became live: { $version }. Nothing was changed; look again before you decide.
model-refused = Nothing was changed: { $reason }

## Risk report
risk-title = Risk report
risk-scope = Tickets closed from { $from } until and with { $until } (days begin as in the time zone { $zone }), and what the live risk model { $version } said at the closing: how likely the customer comes back { $days ->
        [one] within { $days } day
       *[other] within { $days } days
    } with the same or a related issue.
risk-no-model = No risk model is live: there are no predictions to report on.
risk-empty = No ticket that was closed in this period has a score of the live risk model. As soon as one has, figures stand here.
risk-only-immature = { $count ->
        [one] The one closed ticket with a score is
       *[other] All { $count } closed tickets with a score are
    } too recent: whether the customer comes back is known { $days ->
        [one] { $days } day
       *[other] { $days } days
    } after the closing.
risk-immature = { $count ->
        [one] { $count } closed ticket is
       *[other] { $count } closed tickets are
    } too recent: only the distribution of scores has them.
risk-others = { $count ->
        [one] { $count } closed ticket of the period was
       *[other] { $count } closed tickets of the period were
    } assessed by other versions of the model and not counted here.
risk-treated = Where customers were followed up, fewer of them come back than was predicted.
risk-said = What the model said
risk-scores = How the scores are spread
risk-score = Score: probability of coming back
risk-score-from = Score from
risk-score-to = Score to
risk-calibration = Predicted against observed, in ten groups of equally many closed tickets by rising score
risk-group = Group
risk-predicted = Predicted, mean score
risk-observed = Came back
risk-observed-explained = { $count } of { $trials } closed tickets that are old enough; predicted were { $predicted }.
risk-mark = predicted { $predicted }, came back { $observed }
risk-ideal = where both are equal
risk-parts = By category, team and channel
risk-by-category = Predicted and observed by category, the largest first
risk-by-team = Predicted and observed by team, the largest first
risk-by-channel = Predicted and observed by channel, the largest first
risk-caught-title = What the model would have caught
risk-capacity = The highest scores of each day that fit the capacity of the team
risk-capacity-day = Follow-ups a day at most
risk-taken = Within capacity
risk-caught = Repeats among them
risk-precision = Precision
risk-precision-explained = { $count } of { $trials } closed tickets within capacity were repeats.
risk-recall = Caught (recall)
risk-recall-explained = { $count } of { $trials } repeats were among the highest scores that fit the teams’ capacity. As many closed tickets chosen by chance would hold { $chance }.
risk-by-chance = Recall by chance
risk-why = What raises the risk
risk-reasons = Among the three strongest reasons that raise the risk, the most frequent first
risk-reason = Reason
risk-reason-share = Of those read
risk-reason-mean = Adds on average, log-odds
risk-reasons-read = { $count ->
        [one] The reasons of { $count } closed ticket were read.
       *[other] The reasons of { $count } closed tickets were read.
    }

## Next issues
next-title = Next issues
next-explained = With what customers come back after a closing, and how long after it; the issues whose repeats cost most first.
next-scope = Computed { $when } from { $mature } closings that are old enough; { $immature } are too recent. Categories with fewer than { $minimum } such closings are left out: { $below }.
next-none = { $count ->
        [one] No category has { $count } closing that is old enough.
       *[other] No category has the { $count } closings, old enough, that a figure needs.
    }
next-picture = Which issue follows which: share of closings, and median gap in days
next-width = the wider, the larger the share
next-more = { $count ->
        [one] { $count } rarer pair stands in the table only.
       *[other] { $count } rarer pairs stand in the table only.
    }
next-line = { $primary } → { $secondary }: { $share } ({ $count }), median gap { $gap }
next-table = { $days ->
        [one] What followed within { $days } day
       *[other] What followed within { $days } days
    }
next-primary = Closed issue
next-secondary = Next issue
next-episodes = Closings
next-kind = Relation
next-again = the same issue again
next-known = known to follow
next-unproven = not shown to follow more often than usual
next-n = Times
next-share = Share
next-lift = Times as often as usual
next-lift-explained = Shares are of the closings of the issue, with their 95% interval. Gaps are those from the closing to the first contact about the next issue, in days.
next-gap-quarter = A quarter within, days
next-gap = Median gap, days
next-gap-three-quarters = Three quarters within, days
plans-title = Plans
plans-explained = What is answered in every channel so that the customer need not come back. Plans and what they did are those of all teams.
plans-none = There are no plans, and no issue that needs one is known.
plans-table = Plans as they are, and what the last version in use did
plan-none = no plan yet
plan-version = Version
plan-status = State
plan-owner = Answers for it
plan-by = Written by
plan-when = Written
plan-review = To be looked at again
plan-effect-version = Effect of version
plan-with-closings = Closings with it
plan-with = Repeats with it
plan-without-closings = Closings compared
plan-without = Repeats without it
plan-difference = Difference, percentage points
plan-reading = How to read it
plan-proposed = a draft
plan-active = in use
plan-retired = no longer in use
plan-title = Plan: { $category }
plan-back = All next issues
plan-now = The plan as it is
plan-not-yet = There is no plan for this issue yet.
plan-accepted = In use although answers differ, because
plan-answers = Answers by channel
plan-answers-hint = One answer for each channel. One without a text is left out.
plan-answer = Answer
plan-message = Message that follows
plan-after-hours = { $hours } h after the closing
plan-hours = Hours between the closing and the message
plan-prevents = Issues that it prevents
plan-prevents-hint = One in each line.
plan-notes = Notes
plan-findings = What differs between the channels
plan-effects = Versions and what they did
plan-versions = All versions, the newest first
plan-write = Write the next version
plan-review-hint = { $days ->
        [one] Empty: { $days } day from now.
       *[other] Empty: { $days } days from now.
    }
plan-accept = Put it into use although the channels answer differently
plan-reason = Why that is right
plan-changed = { $who } has saved version { $version } meanwhile, { $when }. Above is the plan as it is now.
plan-fault-review = Expected a day after today, such as 2026-01-05.
plan-fault-accept = The channels do not give the same answer. Mend them. Or: Tick the box below and say why that is right.
plan-fault-reason = Say why other answers are right here.
plan-fault-channel = Each answer needs a channel of its own with a name of 1 to 200 characters.
plan-fault-answers = Expected at most { $channels } channels with at most { $chars } characters each; a plan in use needs one at least, and nothing may be left to be filled in ({ $gap }).
plan-fault-owner = A plan in use needs somebody who answers for it.
plan-fault-prevents = Expected other issues than the plan's own.
plan-fault-hours = Expected a number of hours from 0 to { $most }.
plan-fault-message = Expected a text of at most { $chars } characters, and in a plan in use nothing left to be filled in ({ $gap }).
plan-fault-text = Expected at most { $chars } characters.
