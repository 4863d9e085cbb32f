//! Users, sessions and the audit: what one tenant has is nobody else's, and what narrows a user's rights ends their sessions.

use super::*;
use recontact::store::{
    AuditAction, AuditCursor, AuditEntry, AuditFilter, NewSession, NewUser, OutcomeFilter,
    UserChanged,
};
use recontact::user::{
    Language, OpenIdOptions, Password, PasswordHash, Position, Role, SignInPolicy, Theme, UserName,
};

on_both_databases!(
    a_user_is_added_once_and_read_as_added,
    a_session_is_found_by_its_token_only_and_only_while_it_holds,
    whatever_narrows_a_users_rights_ends_their_sessions,
    the_last_admin_stays,
    of_two_admins_who_go_at_once_one_stays,
    the_audit_is_read_page_by_page_and_by_who_and_what,
    what_is_older_than_the_audit_is_kept_for_is_removed_and_counted,
    wrong_passwords_lock_the_name_and_the_right_one_of_a_locked_name_starts_nothing,
    guesses_at_once_are_all_counted,
    another_tenant_sees_nothing,
    mature_closings_are_counted_and_the_newest_is_known,
);

static POLICY: SignInPolicy = SignInPolicy {
    attempts: 3,
    lock_s: 60,
    longest_lock_s: 600,
    address_attempts: 10,
    address_minutes: 10,
    session_idle_minutes: 60,
    session_hours: 12,
    passwords_at_once: 1,
    openid: OpenIdOptions::OFF,
};

fn user_name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn new_user(text: &str, role: Role) -> NewUser {
    let password = Password::parse("correct horse battery").unwrap();
    NewUser {
        name: user_name(text),
        display_name: name(text),
        password: Some(PasswordHash::of(&password, [7; 16]).unwrap()),
        position: Position::new(role, Some(name("cards"))).unwrap(),
    }
}

/// A deed `minutes` after the fixed instant; its identifier says what it is.
fn deed(action: AuditAction, object: &str, minutes: i64) -> AuditEntry {
    AuditEntry {
        id: format!("{action} {object} {minutes}"),
        occurred_at: minute(minutes),
        actor: Some("ann".to_owned()),
        action,
        object: Some(object.to_owned()),
        address: Some("192.0.2.1".to_owned()),
    }
}

async fn add(store: &Store, text: &str, role: Role) {
    let entry = deed(AuditAction::UserAdded, text, 0);
    assert!(store.add_user(&TENANT, &new_user(text, role), &entry).await.unwrap());
}

async fn start(store: &Store, user: &str, token: &str, minutes: i64) -> bool {
    let session = NewSession {
        token_sha256: token.to_owned(),
        user: user_name(user),
        csrf: format!("csrf of {token}"),
        expires_at: minute(minutes + 720),
        replaces: None,
        id_token: Some(format!("id token of {token}")),
    };
    let entry = deed(AuditAction::SignedIn, token, minutes);
    store.start_session(&TENANT, &session, &entry).await.unwrap()
}

/// Whether a session holds at a minute.
async fn holds(store: &Store, token: &str, minutes: i64) -> bool {
    let session = store.session(&TENANT, token, minute(minutes - 60), minute(minutes)).await;
    session.unwrap().is_some()
}

async fn a_user_is_added_once_and_read_as_added(database: &Database) {
    let store = database.store().await;
    assert!(!store.has_users(&TENANT).await.unwrap());
    add(&store, "tom", Role::TeamLead).await;
    let again = deed(AuditAction::UserAdded, "tom", 1);
    assert!(!store.add_user(&TENANT, &new_user("tom", Role::Admin), &again).await.unwrap());
    let tom = store.user(&TENANT, &user_name("tom")).await.unwrap().unwrap();
    assert_eq!(tom.position, Position::new(Role::TeamLead, Some(name("cards"))).unwrap());
    assert_eq!((tom.language, tom.theme, tom.is_disabled), (None, Theme::System, false));
    assert_eq!(tom.created_at, minute(0));
    let (language, theme) = (Some(Language::Be), Theme::Dark);
    store.set_preferences(&TENANT, &tom.name, language, theme).await.unwrap();
    let users = store.users(&TENANT).await.unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!((users[0].language, users[0].theme), (language, theme));
    let audit = store.audit_entries(&TENANT, &AuditFilter::default(), 10).await.unwrap();
    assert_eq!(audit, [deed(AuditAction::UserAdded, "tom", 0)], "what did not happen is not told");
}

async fn a_session_is_found_by_its_token_only_and_only_while_it_holds(database: &Database) {
    let store = database.store().await;
    add(&store, "ann", Role::Admin).await;
    assert!(start(&store, "ann", "t-1", 0).await);
    assert!(holds(&store, "t-1", 60).await && !holds(&store, "t-2", 0).await);
    assert!(!holds(&store, "t-1", 61).await, "not used for too long");
    store.see_session(&TENANT, "t-1", minute(60)).await.unwrap();
    assert!(holds(&store, "t-1", 119).await);
    store.see_session(&TENANT, "t-1", minute(719)).await.unwrap();
    assert!(holds(&store, "t-1", 719).await && !holds(&store, "t-1", 720).await, "it has an end");
    let session = store.session(&TENANT, "t-1", minute(0), minute(1)).await.unwrap().unwrap();
    assert_eq!((session.user.name, session.csrf.as_str()), (user_name("ann"), "csrf of t-1"));
    store.end_session(&TENANT, "t-1", &deed(AuditAction::SignedOut, "t-1", 5)).await.unwrap();
    assert!(!holds(&store, "t-1", 5).await);
    assert!(!start(&store, "nobody", "t-3", 0).await);
}

async fn whatever_narrows_a_users_rights_ends_their_sessions(database: &Database) {
    let store = database.store().await;
    add(&store, "ann", Role::Admin).await;
    add(&store, "eva", Role::Analyst).await;
    let eva = user_name("eva");
    for step in 0..3 {
        assert!(start(&store, "eva", &format!("e-{step}"), step).await);
        assert!(start(&store, "ann", &format!("a-{step}"), step).await);
        match step {
            0 => {
                let password = new_user("eva", Role::Analyst).password.unwrap();
                let entry = deed(AuditAction::PasswordSet, "eva", step);
                assert!(store.set_password(&TENANT, &eva, &password, &entry).await.unwrap());
            }
            1 => {
                let position = Position::new(Role::Manager, None).unwrap();
                let entry = deed(AuditAction::RoleChanged, "eva", step);
                let changed = store.set_position(&TENANT, &eva, &position, &entry).await.unwrap();
                assert_eq!(changed, UserChanged::Changed);
            }
            _ => {
                let entry = deed(AuditAction::UserDisabled, "eva", step);
                let changed = store.set_disabled(&TENANT, &eva, true, &entry).await.unwrap();
                assert_eq!(changed, UserChanged::Changed);
                assert!(!start(&store, "eva", "e-9", step).await, "a disabled user starts none");
            }
        }
        assert!(!holds(&store, &format!("e-{step}"), step).await, "{step}");
        assert!(holds(&store, &format!("a-{step}"), step).await, "{step}");
    }
}

async fn the_last_admin_stays(database: &Database) {
    let store = database.store().await;
    add(&store, "ann", Role::Admin).await;
    add(&store, "eva", Role::Analyst).await;
    let ann = user_name("ann");
    let entry = deed(AuditAction::UserDisabled, "ann", 1);
    let disabled = store.set_disabled(&TENANT, &ann, true, &entry).await.unwrap();
    assert_eq!(disabled, UserChanged::LastAdmin);
    let analyst = Position::new(Role::Analyst, None).unwrap();
    let changed = store.set_position(&TENANT, &ann, &analyst, &entry).await.unwrap();
    assert_eq!(changed, UserChanged::LastAdmin);
    assert!(!store.user(&TENANT, &ann).await.unwrap().unwrap().is_disabled);
    let nobody = store.set_disabled(&TENANT, &user_name("nobody"), true, &entry).await.unwrap();
    assert_eq!(nobody, UserChanged::Unknown);
    add(&store, "zoe", Role::Admin).await;
    let disabled = store.set_disabled(&TENANT, &ann, true, &entry).await.unwrap();
    assert_eq!(disabled, UserChanged::Changed);
}

async fn of_two_admins_who_go_at_once_one_stays(database: &Database) {
    // Two connections, as two processes have them.
    let (first, second) = (database.store().await, database.store().await);
    let (ann, zoe) = (user_name("ann"), user_name("zoe"));
    add(&first, "ann", Role::Admin).await;
    add(&first, "zoe", Role::Admin).await;
    let analyst = Position::new(Role::Analyst, None).unwrap();
    for round in 0..20 {
        let entries = [
            deed(AuditAction::UserDisabled, "ann", 2 * round),
            deed(AuditAction::RoleChanged, "zoe", 2 * round),
        ];
        let (disabled, changed) = futures_util::future::join(
            first.set_disabled(&TENANT, &ann, true, &entries[0]),
            second.set_position(&TENANT, &zoe, &analyst, &entries[1]),
        )
        .await;
        let mut became = [disabled.unwrap(), changed.unwrap()];
        became.sort_by_key(|became| *became == UserChanged::LastAdmin);
        assert_eq!(became, [UserChanged::Changed, UserChanged::LastAdmin], "{round}");
        let back = deed(AuditAction::UserEnabled, "ann", 2 * round + 1);
        first.set_disabled(&TENANT, &ann, false, &back).await.unwrap();
        let back = deed(AuditAction::RoleChanged, "zoe", 2 * round + 1);
        let admin = Position::new(Role::Admin, None).unwrap();
        first.set_position(&TENANT, &zoe, &admin, &back).await.unwrap();
    }
}

async fn the_audit_is_read_page_by_page_and_by_who_and_what(database: &Database) {
    let store = database.store().await;
    // Two of each minute, so that an instant does not say which is next.
    let mut written = Vec::new();
    for minutes in 0..6 {
        for actor in ["ann", "zoe"] {
            let action =
                if minutes % 2 == 0 { AuditAction::SignedIn } else { AuditAction::Refused };
            let entry =
                AuditEntry { actor: Some(actor.to_owned()), ..deed(action, actor, minutes) };
            store.record_audit(&TENANT, &entry).await.unwrap();
            written.push(entry);
        }
    }
    written.sort_by(|a, b| (b.occurred_at, &b.id).cmp(&(a.occurred_at, &a.id)));
    let pages = async |filter: AuditFilter| {
        let (mut filter, mut all) = (filter, Vec::new());
        loop {
            let page = store.audit_entries(&TENANT, &filter, 2).await.unwrap();
            let Some(last) = page.last() else { return all };
            let (occurred_at, id) = (last.occurred_at, last.id.clone());
            filter.before = Some(AuditCursor { occurred_at, id });
            all.extend(page);
        }
    };
    let expected = |is_one: &dyn Fn(&AuditEntry) -> bool| {
        written.iter().filter(|entry| is_one(entry)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(pages(AuditFilter::default()).await, written);
    let by_zoe = AuditFilter { actor: Some("zoe".to_owned()), ..AuditFilter::default() };
    let is_zoe = |entry: &AuditEntry| entry.actor.as_deref() == Some("zoe");
    assert_eq!(pages(by_zoe.clone()).await, expected(&is_zoe));
    let refused = AuditFilter { action: Some(AuditAction::Refused), ..AuditFilter::default() };
    let is_refused = |entry: &AuditEntry| entry.action == AuditAction::Refused;
    assert_eq!(pages(refused.clone()).await, expected(&is_refused));
    let both = AuditFilter { action: refused.action, ..by_zoe };
    assert_eq!(pages(both).await, expected(&|entry| is_zoe(entry) && is_refused(entry)));
}

async fn what_is_older_than_the_audit_is_kept_for_is_removed_and_counted(database: &Database) {
    let store = database.store().await;
    for minutes in 0..5 {
        let entry = deed(AuditAction::SignedIn, "ann", minutes);
        store.record_audit(&TENANT, &entry).await.unwrap();
    }
    let entry = AuditEntry { object: None, ..deed(AuditAction::AuditExpired, "", 9) };
    assert_eq!(store.expire_audit(&TENANT, minute(0), &entry).await.unwrap(), 0);
    assert_eq!(store.expire_audit(&TENANT, minute(3), &entry).await.unwrap(), 3);
    assert_eq!(store.expire_audit(&TENANT, minute(3), &entry).await.unwrap(), 0);
    let other = Tenant::new(name("other"));
    assert_eq!(store.expire_audit(&other, minute(9), &entry).await.unwrap(), 0);
    let left = store.audit_entries(&TENANT, &AuditFilter::default(), 10).await.unwrap();
    let told = AuditEntry { object: Some("3".to_owned()), ..entry };
    let kept = [4, 3].map(|minutes| deed(AuditAction::SignedIn, "ann", minutes));
    assert_eq!(left, [&[told], &kept[..]].concat());
}

async fn wrong_passwords_lock_the_name_and_the_right_one_of_a_locked_name_starts_nothing(
    database: &Database,
) {
    let store = database.store().await;
    add(&store, "ann", Role::Admin).await;
    let ann = user_name("ann");
    for (failures, locked_s) in [(1, None), (2, None), (3, Some(60)), (4, Some(120))] {
        let entry = deed(AuditAction::SignInFailed, "ann", failures);
        store.fail_sign_in(&TENANT, Some(&ann), &POLICY, &entry).await.unwrap();
        let known = store.credentials(&TENANT, &ann).await.unwrap().unwrap();
        let until = locked_s.map(|seconds| minute(failures).plus_millis(seconds * 1000));
        assert_eq!(known.locked_until, until, "{failures}");
    }
    assert!(!start(&store, "ann", "t-1", 5).await);
    // Nor does it change the password, as when wrong ones are tried at the same time.
    let password = new_user("ann", Role::Admin).password.unwrap();
    let entry = deed(AuditAction::PasswordSet, "ann", 5);
    assert!(!store.change_password(&TENANT, &ann, &password, &entry).await.unwrap());
    let known = store.credentials(&TENANT, &ann).await.unwrap().unwrap();
    assert_eq!(known.locked_until, Some(minute(6)));
    assert!(start(&store, "ann", "t-2", 6).await);
    let known = store.credentials(&TENANT, &ann).await.unwrap().unwrap();
    assert_eq!(known.locked_until, None, "the right password begins anew");
    let failed = |from: i64| store.failed_sign_ins(&TENANT, "192.0.2.1", minute(from));
    assert_eq!((failed(0).await.unwrap(), failed(3).await.unwrap()), (4, 2));
    assert_eq!(store.failed_sign_ins(&TENANT, "192.0.2.2", minute(0)).await.unwrap(), 0);
}

async fn guesses_at_once_are_all_counted(database: &Database) {
    let store = database.store().await;
    add(&store, "ann", Role::Admin).await;
    let ann = user_name("ann");
    let entries: Vec<_> = (0..8).map(|n| deed(AuditAction::SignInFailed, "ann", n)).collect();
    let guesses =
        entries.iter().map(|entry| store.fail_sign_in(&TENANT, Some(&ann), &POLICY, entry));
    for done in futures_util::future::join_all(guesses).await {
        done.unwrap();
    }
    // The ninth wrong password in a row is the sixth that locks.
    let entry = deed(AuditAction::SignInFailed, "ann", 9);
    store.fail_sign_in(&TENANT, Some(&ann), &POLICY, &entry).await.unwrap();
    let known = store.credentials(&TENANT, &ann).await.unwrap().unwrap();
    assert_eq!(known.locked_until, Some(minute(9).plus_millis(600_000)));
}

async fn another_tenant_sees_nothing(database: &Database) {
    let store = database.store().await;
    add(&store, "ann", Role::Admin).await;
    assert!(start(&store, "ann", "t-1", 0).await);
    let other = Tenant::new(name("other"));
    let ann = user_name("ann");
    assert_eq!(store.users(&other).await.unwrap(), []);
    assert_eq!(store.user(&other, &ann).await.unwrap(), None);
    assert_eq!(store.credentials(&other, &ann).await.unwrap(), None);
    assert_eq!(store.session(&other, "t-1", minute(0), minute(1)).await.unwrap(), None);
    assert_eq!(store.audit_entries(&other, &AuditFilter::default(), 10).await.unwrap(), []);
    let entry = deed(AuditAction::UserDisabled, "ann", 1);
    let changed = store.set_disabled(&other, &ann, true, &entry).await.unwrap();
    assert_eq!(changed, UserChanged::Unknown);
    store.end_session(&other, "t-1", &entry).await.unwrap();
    assert!(holds(&store, "t-1", 1).await);
    // The same name may be somebody else there.
    let entry = deed(AuditAction::UserAdded, "ann", 2);
    assert!(store.add_user(&other, &new_user("ann", Role::Admin), &entry).await.unwrap());
}

async fn mature_closings_are_counted_and_the_newest_is_known(database: &Database) {
    use super::timeline::*;
    let store = database.store().await;
    for (id, customer, category, closed) in [
        ("t-1", "u-1", "card_arrival", 1.0),
        ("t-2", "u-2", "lost_card", 1.5),
        ("t-3", "u-1", "card_arrival", 4.0),
        ("t-4", "u-3", "lost_card", 9.0),
        ("t-5", "u-4", "card_arrival", 20.0),
    ] {
        solve(&store, id, customer, category, closed - 0.5, closed).await;
    }
    let filter = OutcomeFilter {
        window_days: 7,
        from: Some(day(0.0)),
        to: None,
        category: None,
        team: None,
    };
    let now = day(21.0);
    let summary = store.outcome_summary(&TENANT, &filter, now).await.unwrap();
    assert_eq!((summary.all.total(), summary.all.explicit, summary.immature), (4, 1, 1));
    let newest = store.newest_events(&TENANT).await.unwrap();
    assert_eq!(newest.closing, Some(day(20.0)));
}
