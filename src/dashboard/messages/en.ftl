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
demonstration = Demonstration: real tickets of an IT helpdesk from 2016. The clock of this service is set back to that time: now it is { $now }. Nobody followed up on these tickets then.
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
error-outdated-title = The sign-in is out of date
error-outdated = It took too long, was used already, or was begun in another browser. Begin again on the page of the sign-in.
error-denied-title = The sign-in was not confirmed
error-denied = The sign-in service did not confirm who you are, or you cancelled there.
error-untrusted-title = The sign-in could not be verified
error-untrusted = What the sign-in service answered could not be verified, so nobody was signed in. If it happens again, tell an administrator; the reason stands in the log of the service.
error-unreachable-title = The sign-in service does not answer
error-unreachable = The service that confirms who you are cannot be reached just now. Try again in a moment.
error-no-role-title = No access
error-no-role = The sign-in service knows you, but none of your groups there has a role here. If you need access, ask an administrator.
error-disabled-title = Your access is disabled
error-disabled = An administrator has disabled your access. If you need it, ask one.
error-busy-title = Please try again
error-busy = The service cannot answer just now. Try again in a moment.
error-not-counted-title = The figures are being counted
error-not-counted = After an upgrade or a large import days have to be counted first. Come back in some minutes.
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
sign-in-through = Sign in with { $provider }
sign-in-password = With name and password
signed-out-title = You are signed out here
signed-out-leads-on = Next you are signed out at { $provider }, too. If nothing happens, go on yourself.
signed-out-go-on = Go on
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
user-provider = Signs in through
user-is-provided = Role, team and password are the matter of the service through which the user signs in; role and team are taken over at each sign-in.
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
fault-password-locked = There were too many wrong passwords: try again later.
fault-last-admin = Nobody could manage users after this.

## Audit
audit-title = Audit
audit-explained = Who signed in, what they changed and what they were refused, newest first. Nothing here can be changed.
audit-kept = Lines older than { $days ->
        [one] { $days } day
       *[other] { $days } days
    } are removed.
audit-older = Older lines
audit-newest = Newest lines
audit-any-action = Anything
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
audit-sign-in-refused = not signed in through the provider
audit-provider-failed = the sign-in provider failed
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
audit-expired = removed lines older than the audit is kept for (how many)

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
kpi-until = To (inclusive)
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
kpi-scope = From { $from } to { $until }, inclusive; days are those of the time zone { $zone }.
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
kpi-empty = Nothing was opened, closed or said in this period. As soon as something is, the figures will appear here.
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
overview-empty = No closed ticket is old enough yet. As soon as the first ones are, the figures will appear here.
repeat-rate = Repeat contacts
repeat-rate-explained = { $count } of { $trials }: after the closing the customer came back within { $days ->
        [one] { $days } day
       *[other] { $days } days
    } with the same or a related issue.
resolution-rate = Resolved with one contact, any channel
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
change-immature = Not counted yet: { $count ->
        [one] { $count } episode
       *[other] { $count } episodes
    } of both periods, closed too recently. This will still change until { $date }.
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
queue-claimed-by = Taken by
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

## A customer
customer-title = Customer { $key }…
customer-link = Everything known of the customer
customer-explained = All that is known of one person, under whichever identity they wrote. The address holds a keyed hash and tells nobody who it is.
customer-team = Only what belongs to tickets of the team { $team }.
customer-opted-out = The customer wants neither to be scored nor to be contacted, since { $since }.
customer-tickets = Tickets
customer-open = Of them open
customer-identities = Identities
customer-follow-ups = Open follow-ups
customer-no-follow-ups = None is open.
customer-follow-ups-count = { $count ->
        [one] { $count } follow-up, the one due first first
       *[other] { $count } follow-ups, the one due first first
    }
customer-events-count = { $count ->
        [one] { $count } event, the newest first
       *[other] { $count } events, the newest first
    }
customer-no-events = Nothing is known of what happened.
customer-newest = The newest events
customer-older = Older events
customer-ticket-opened = ticket opened
customer-ticket-closed = ticket closed
customer-ticket-reopened = ticket opened again
customer-closing = Closing { $number }, { $category }. { $said }
customer-correction = Closing { $number }: { $outcome }. { $reason }
customer-merged = identities joined
customer-unmerged = identities parted again
customer-opt-out = asked to be left alone
customer-opt-in = may be contacted again
customer-no-closings = None of these events is a closing.
customer-outcomes-count = { $count ->
        [one] What became of { $count } closing above, by window
       *[other] What became of the { $count } closings above, by window
    }
customer-within = { $count ->
        [one] Within { $count } day
       *[other] Within { $count } days
    }
customer-identities-title = Related identities
customer-identities-table = Identities of the same person
customer-identity = Keyed hash
customer-identity-kind = What it is
identity-customer = helpdesk's identifier
identity-email = e-mail address
identity-phone = telephone number
identity-external = identifier of another system

## Similar cases
similar-title = Similar past cases
similar-off = Similar cases are switched off (similar.enabled).
similar-no-encoder = No encoder is loaded: texts cannot be compared now.
similar-no-vector = There is nothing to compare: no text of the customer on this ticket was embedded, or the customer was erased.
similar-other-encoder = The ticket's texts were embedded by another encoder than the one that serves now: vectors of two encoders cannot be compared.
similar-later = The vectors are being read from the database. Reload the page in a moment.
similar-scope = { $count ->
        [one] Closed tickets by what the customer wrote first, compared with { $count } contact (encoder { $encoder }). A similarity of 1 is the same text.
       *[other] Closed tickets by what the customer wrote first, compared with { $count } contacts (encoder { $encoder }). A similarity of 1 is the same text.
    }
similar-not-comparable = { $count ->
        [one] { $count } contact was embedded by another encoder and cannot be compared.
       *[other] { $count } contacts were embedded by another encoder and cannot be compared.
    }
similar-team = Only tickets of the team { $team }, among the 2,000 contacts that are most alike.
similar-others = { $count ->
        [one] { $count } case of another customer, the most similar first
       *[other] { $count } cases of other customers, the most similar first
    }
similar-same = { $count ->
        [one] { $count } case of the same customer, the most similar first
       *[other] { $count } cases of the same customer, the most similar first
    }
similar-no-others = No closed case of another customer was found.
similar-no-same = No other closed case of the same customer was found.
similar-similarity = Similarity
similar-came-back = { $days ->
        [one] Came back within { $days } day
       *[other] Came back within { $days } days
    }
similar-followed-up = Followed up
similar-none = not followed up

## Effect
effect-title = Effect of following up
effect-experiment = Experiment
effect-scope = Started { $started }; { $share } of customers are followed up; a repeat counts within { $days ->
        [one] { $days } day
       *[other] { $days } days
    } after the closing. All teams.
effect-none = No experiment was started yet.
effect-demonstration = In 2016 nobody followed up on these tickets. The customers were dealt to the two groups at random, but both were treated alike: whatever differs here is chance, and no effect may be concluded.
effect-too-early = It is too early to say.
effect-invalid = The groups do not have the sizes that chance would give: no figure here can be trusted.
effect-reduces = Following up leads to fewer repeats.
effect-increases = Following up leads to more repeats.
effect-no-difference = No difference was shown.
effect-next-look = The next planned look is on { $date }.
effect-ratio-nobody = Sample-ratio check: nobody is in the experiment yet.
effect-ratio-fits = Sample-ratio check: customers followed up: { $treatment }, held out: { $control }; planned share { $share }, p = { $p }: the sizes fit.
effect-ratio-broken = Sample-ratio check: customers followed up: { $treatment }, held out: { $control }; planned share { $share }, p = { $p }: the sizes do not fit.
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
effect-costs = Money is counted with { $repeat } for handling a repeat and { $follow_up } for a follow-up, in the currency of the section [costs] of the configuration; costs of single categories do not enter.
effect-nothing-mature = There is no difference to tell before both groups have tickets that are old enough.
models-title = Models
models-explained = Every version below the models folder, and whether the gate of promotions lets it take the place of the live one. Each kind has a page of its own: figures side by side, comparisons, drift, history; admins make another version live there.
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
model-change-explained = The version is checked whole before; what answers now goes on until the new one is loaded. The comparison that the gate goes by is kept with the change, and so is your reason.
model-no-other = There is no other version of this kind.
model-overtaken = Meanwhile another version became live: { $version }. Nothing was changed; look again before you decide.
model-refused = Nothing was changed: { $reason }

## One kind of model
models-gate = Gate of promotions
models-figures-title = Figures of training
models-compared = What the comparison said
models-comparison-sha256 = SHA-256 of the comparison
models-history-title = Who made what live
models-history = { $count ->
        [one] { $count } step, the latest first
       *[other] { $count } steps, the latest first
    }
models-no-history = Nothing was noted so far.
model-change-heading = Make another version live
model-passes = { $version } (the gate lets it pass)
model-needs-override = { $version } (the gate does not let it pass)
model-override = Override the gate
model-override-hint = Needed where the gate does not let the version pass. The history then says “forced”, with your name and reason; nothing proves that the version is not worse.
fault-override = The gate does not let this version pass. Nothing was changed; override the gate, or compare the versions first.
gate-title = May another version take the place of the live one?
gate-explained = The gate asks for a comparison of both on the same rows, which neither was trained on: a figure that decides may not be worse than the live one's. Comparisons are those in the folder comparisons below the models folder (recontact-train compare --out). Going back to the version before needs none.
gate-table = What the gate says of each version
gate-comparisons = Both versions on the same rows
gate-first = Passes: no version of this kind is live.
gate-same = Passes: the same model as the live one, to the byte.
gate-not-compared = Does not pass: nobody has compared it with the live version.
gate-passes = Passes: compared and not worse ({ $told }).
gate-refused = Does not pass: { $why }
gate-unreadable = Nothing can be said: { $reason }
gate-other-models = the comparison is of other models ({ $found }).
gate-too-old = the comparison is of { $when }, before { $version } was trained.
gate-trained-on = the comparison is on { $file }, which { $version } was trained on.
gate-too-few = the comparison is of { $rows } rows; at least { $fewest } are needed.
gate-nothing-decides = the comparison has no figure that decides.
gate-worse = it is worse: { $metric } { $candidate }, the live one has { $live }.
gate-override-needed = Override needed
gate-yes = yes
gate-no = no
gate-data = On which file
gate-rows = Rows
gate-compared-at = Compared
gate-decides = Decides
gate-compared-with = Compared with
gate-live-value = That one
gate-candidate-value = This version
gate-difference = Difference
gate-worse-than = Worse
shadow-title = Beside the live one
shadow-none = No version runs beside the live one (recontact models shadow).
shadow-explained = Both are asked the same; nobody is told what this one says. Counted since this process loaded both.
shadow-table = How far it agrees with the live version
shadow-beside = Beside
shadow-compared = Times asked
shadow-same = Share of equal answers
shadow-difference = Mean difference of the probability
shadow-absolute = The same without its sign
shadow-failed = Times it failed
drift-scope = Compared: { $from } to { $until } with the time from { $before } until then.
drift-not-monitored = Monitoring compares what models of categories and of repeat contacts say; this kind is not looked at.
drift-told = { $figure }: { $now } (watched from { $watch }, alert from { $alert })
drift-told-difference = { $figure }: { $before } before, { $now } now (a difference is watched from { $watch }, an alert from { $alert })
drift-table = Whether anything has changed
drift-status = Status
drift-measure = Measure
drift-before = Before
drift-now = Now
drift-chance = By chance up to
drift-watch-from = Watched from
drift-alert-from = Alert from
drift-cases-before = Cases before
drift-cases-now = Cases now
drift-versions = Versions
drift-too-few = too few cases
drift-ok = unchanged
drift-watch = to be watched
drift-alert = alert
measure-psi = population stability index (PSI)
measure-js = Jensen–Shannon distance
measure-share = share
measure-mean = mean
measure-gap = predicted less observed
measure-auc = area under the curve
drift-category-probability = Probability of the best category
drift-category-labels = Mix of categories
drift-category-action = Share of an action
drift-category-abstain-reason = Share abstained on, by reason
drift-category-expected-accuracy = Expected accuracy
drift-contact-languages = Mix of languages
drift-contact-channels = Mix of contacts' channels
drift-risk-probability = Probability of coming back
drift-risk-band = Share of a risk band
drift-risk-mean = Mean risk
drift-risk-calibration = Mean risk less the rate of repeats
drift-risk-feature = Feature
drift-closing-categories = Mix of categories of closings
drift-closing-channels = Mix of channels of closings
drift-embedding-domain = Telling vectors of now from those before

## Risk report
risk-title = Risk report
risk-scope = Tickets closed from { $from } to { $until }, inclusive (days are those of the time zone { $zone }), and what the live risk model { $version } said at the closing: how likely the customer comes back { $days ->
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
risk-treated = Customers who were followed up are included: fewer of them may come back than was predicted.
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
report-pdf = Report as PDF
report-tenant = Tenant
report-period = Period
report-zone = Time zone
report-made = Made
report-window = Window of the model
report-page = Page { $page } of { $pages }
report-counted = What is counted
report-chart = Chart: { $title }. The figures stand in a table of this report.
risk-note-closings = Counted are the tickets closed in the period that the live version of the risk model assessed. Closings that other versions assessed are told in one sentence and counted nowhere else.
risk-note-came-back = A customer came back who made contact again with the same or a related issue within the window of the model; where a person has corrected that, the correction counts. Rates are of closings whose window is over. Younger ones are in the distribution of scores only.
risk-note-calibration = The ten groups hold equally many closings by rising score; equal scores stay together. Intervals are 95% intervals of a share (Wilson).
risk-note-capacity = Caught: on each day of a team, by its clocks, the highest scores up to as many as the team can follow up a day. Precision is the share of these that came back; recall is the share of all repeats that is among these; by chance is the recall of as many closings drawn at random.
risk-note-reasons = Reasons: how often a feature is among the three strongest reasons that raise the risk of a closing. Log-odds: what it adds before the score becomes a probability.

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
plans-table = Plans as they are, and repeats under the last version in use compared with those without it
plan-none = no plan yet
plan-version = Version
plan-status = State
plan-owner = Answers for it
plan-by = Written by
plan-when = Written
plan-review = To be looked at again
plan-effect-version = Version compared
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
plan-effects = Versions and the repeats under each
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

## Weekly report
weekly-title = Weekly report { $week }
weekly-subject = Weekly report { $week }: repeat contacts { $rate }
weekly-scope = Repeat contacts are told of the tickets closed from { $from } until and with { $until } (days begin as in the time zone { $zone }): whether a customer comes back is known { $days ->
        [one] { $days } day
       *[other] { $days } days
    } after the closing, which for these was in the week { $week }. What is open is as of { $made }.
weekly-empty = No ticket was closed in these days.
weekly-attached = The PDF file has this and the risk report.
weekly-automatic = Made by recontact; nobody reads answers.
weekly-delivery-title = Weekly report
weekly-delivery-sent = { $week } was handed on: { $receivers }.
weekly-delivery-open = { $week } is being handed on: { $receivers }.
weekly-delivery-failed = { $week } could not be handed on ({ $receiver }, attempts: { $count }). It is tried again at { $next }.
weekly-receiver-folder = folder
weekly-receiver-mail = mail
weekly-receiver-webhook = webhook
