//! Work with secrets that never enter a plugin: a manifest names them, and what may be done with each.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2_for_hmac::Sha256;

use super::failure;
use super::rights::Rights;
use crate::manifest::{Operation, SecretSlot};
use crate::secret::Secret;
use crate::state::CallState;
use crate::wit::imports::secrets;
use crate::wit::imports::types::Failure;

impl secrets::Host for CallState {
    fn exists(&mut self, name: String) -> bool {
        let rights = self.rights.as_deref();
        rights.is_some_and(|rights| rights.slot(&name).is_some_and(|slot| rights.secret(slot).is_ok()))
    }

    fn hmac_sha256(&mut self, name: String, data: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let secret = self.secret_for(&name, Operation::Hmac)?;
        Ok(mac(&secret, &data).finalize().into_bytes().to_vec())
    }

    fn verify_hmac_sha256(&mut self, name: String, data: Vec<u8>, tag: Vec<u8>) -> Result<bool, Failure> {
        let secret = self.secret_for(&name, Operation::Hmac)?;
        Ok(mac(&secret, &data).verify_slice(&tag).is_ok())
    }

    /// The tags of both under the secret as key are compared, which takes the same time whatever differs.
    fn equals(&mut self, name: String, candidate: Vec<u8>) -> Result<bool, Failure> {
        let secret = self.secret_for(&name, Operation::Equals)?;
        let tag = mac(&secret, secret.expose().as_bytes()).finalize().into_bytes();
        Ok(mac(&secret, &candidate).verify_slice(&tag).is_ok())
    }
}

impl CallState {
    fn secret_for(&self, name: &str, operation: Operation) -> Result<Secret, Failure> {
        let rights = self.rights.as_deref().ok_or_else(|| unknown(name))?;
        let slot = rights.slot(name).filter(|slot| slot.operations.contains(&operation));
        rights.secret(slot.ok_or_else(|| unknown(name))?)
    }
}

impl Rights {
    pub(super) fn slot(&self, name: &str) -> Option<&SecretSlot> {
        self.grants.secrets.iter().find(|slot| slot.name == name)
    }

    pub(super) fn secret(&self, slot: &SecretSlot) -> Result<Secret, Failure> {
        let source = self.means.secrets.as_ref();
        let value = source.and_then(|source| source.value(&self.plugin, &slot.name, slot.env.as_deref()));
        value.ok_or_else(|| {
            let (plugin, slot) = (&self.plugin, &slot.name);
            failure("not-set", format!("set the secret first: `instar secret set {plugin}/{slot}`"))
        })
    }
}

pub(super) fn unknown(name: &str) -> Failure {
    let name = crate::text::clean_up_to(name, 64);
    failure("unknown-secret", format!("the manifest gives this plugin no secret `{name}` for this"))
}

fn mac(secret: &Secret, data: &[u8]) -> Hmac<Sha256> {
    let key = secret.expose().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is taken");
    mac.update(data);
    mac
}
