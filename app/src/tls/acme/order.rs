//! One order: from the names to the certificate.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};

use super::files::write_secret;
use super::{Acme, AcmeError};
use crate::tls::life::Life;
use crate::tls::pair;

/// How long the authority is asked again and again whether it has made up its mind.
const POLLED: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

impl Acme {
    /// Gets a new certificate and puts it in place.
    pub(super) async fn order(self: Arc<Self>) -> Result<(), AcmeError> {
        let names: Vec<_> = self.domains.iter().cloned().map(Identifier::Dns).collect();
        let mut order = self.account().await?.new_order(&NewOrder::new(&names)).await?;
        self.answer_for(&mut order).await?;
        let ready = order.poll_ready(&POLLED).await;
        if !matches!(ready, Ok(OrderStatus::Ready)) {
            // Why each name could not be verified says more than what became of the order.
            let complaints = complaints(&mut order).await.unwrap_or_default();
            return Err(match ready {
                Err(error) if complaints.is_empty() => error.into(),
                _ => AcmeError::NotVerified(complaints),
            });
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&POLLED).await?;
        self.keep(&format!("{}\n{key}", chain.trim_end()))
    }

    /// Checks before it is put in place: what is there may be good for weeks yet.
    fn keep(&self, text: &str) -> Result<(), AcmeError> {
        let file = self.pair();
        let pair = pair::from_pem(text.as_bytes(), text.as_bytes(), (&file, &file));
        let pair = pair.map_err(|error| AcmeError::Unusable(error.to_string()))?;
        let life = pair.end_entity_cert().ok().and_then(Life::read);
        if !life.is_some_and(|life| life.is_for(&self.domains)) {
            return Err(AcmeError::Unusable("it is not for the names that were asked for".to_owned()));
        }
        self.write("pair.pem", text)
    }

    /// The account, which is made at the first time.
    async fn account(&self) -> Result<Account, AcmeError> {
        let file = self.folder.join("account.json");
        let builder = match &self.root {
            Some(root) => Account::builder_with_root(root)?,
            None => Account::builder()?,
        };
        match fs::read(&file) {
            Ok(text) => {
                let broken = |error| AcmeError::File(file.clone(), io::Error::other(error));
                let credentials: AccountCredentials = serde_json::from_slice(&text).map_err(broken)?;
                return Ok(builder.from_credentials(credentials).await?);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(AcmeError::File(file, error)),
        }
        let contact: Vec<_> = self.contact.iter().map(String::as_str).collect();
        let wanted =
            NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder.create(&wanted, self.directory.clone(), None).await?;
        let text = serde_json::to_string(&credentials).map_err(instant_acme::Error::from)?;
        self.write("account.json", &text)?;
        Ok(account)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), AcmeError> {
        let file = self.folder.join(name);
        write_secret(&file, text).map_err(|error| AcmeError::File(file, error))
    }

    /// Lays the answers out and tells the authority to look.
    async fn answer_for(&self, order: &mut Order) -> Result<(), AcmeError> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            // Verified a short while ago, for an order before this one.
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let name = authorization.identifier().to_string();
            let mut challenge =
                authorization.challenge(ChallengeType::Http01).ok_or(AcmeError::NoHttp(name))?;
            self.tokens.put(&challenge.token, challenge.key_authorization().as_str());
            challenge.set_ready().await?;
        }
        Ok(())
    }
}

/// What the authority says of each name that it could not verify.
async fn complaints(order: &mut Order) -> Result<String, instant_acme::Error> {
    let mut said = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let state = authorization.refresh().await?;
        let errors = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        let errors: Vec<_> =
            errors.map(|error| error.detail.clone().unwrap_or_else(|| error.to_string())).collect();
        if !errors.is_empty() {
            said.push(format!("{}: {}", state.identifier(), errors.join("; ")));
        }
    }
    Ok(said.join("; "))
}
