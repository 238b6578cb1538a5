{{- define "billflow.name" -}}
{{- printf "%s" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "billflow.tag" -}}
{{- .Values.image.tag | default .Chart.AppVersion -}}
{{- end -}}

{{/* The image of a version: takes root, tag and digest. */}}
{{- define "billflow.image" -}}
{{- .root.Values.image.repository }}:{{ .tag }}{{ with .digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- define "billflow.selector" -}}
app.kubernetes.io/name: billflow
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* What tells a worker's version: takes root, component and tag. */}}
{{- define "billflow.versionSelector" -}}
{{ include "billflow.selector" . }}
temporal.io/deployment-name: billflow
temporal.io/build-id: {{ .tag | quote }}
{{- end -}}

{{- define "billflow.labels" -}}
app.kubernetes.io/part-of: billflow
app.kubernetes.io/version: {{ .tag | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* A variable whose value is in a Secret: takes variable and reference. */}}
{{- define "billflow.fromSecret" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .reference.name }}
      key: {{ .reference.key | default .variable }}
{{- end -}}

{{/* What every process is told: the settings, the secrets, and the way to Temporal. */}}
{{- define "billflow.environment" -}}
{{- range $variable, $reference := .Values.secrets }}
{{ include "billflow.fromSecret" (dict "variable" $variable "reference" $reference) }}
{{- end }}
{{- range $variable, $value := .Values.settings }}
- name: {{ $variable }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- with .Values.temporal }}
- name: TEMPORAL_ADDRESS
  value: {{ .address | quote }}
- name: TEMPORAL_NAMESPACE
  value: {{ .namespace | quote }}
{{- if .tls.enabled }}
- name: TEMPORAL_TLS
  value: "true"
{{- end }}
{{- with .tls.serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ . | quote }}
{{- end }}
{{- range $variable, $reference := dict "TEMPORAL_API_KEY" .apiKey "TEMPORAL_TLS_SERVER_CA_CERT_DATA" .tls.ca "TEMPORAL_TLS_CLIENT_CERT_DATA" .tls.clientCertificate "TEMPORAL_TLS_CLIENT_KEY_DATA" .tls.clientKey }}
{{- if $reference.name }}
{{ include "billflow.fromSecret" (dict "variable" $variable "reference" $reference) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "billflow.pod" -}}
serviceAccountName: {{ .Values.serviceAccountName }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "billflow.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{- define "billflow.probes" -}}
startupProbe:
  httpGet:
    path: /healthz
    port: ops
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /healthz
    port: ops
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /readyz
    port: ops
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}

{{- define "billflow.scraped" -}}
prometheus.io/scrape: "true"
prometheus.io/port: "8001"
prometheus.io/path: /metrics
{{- end -}}

{{/* What is run, as a list: the version of the image and those beside it. */}}
{{- define "billflow.versions" -}}
{{- $own := dict "tag" (include "billflow.tag" .) "digest" .Values.image.digest -}}
{{- concat (list $own) (.Values.worker.beside | default list) | toJson -}}
{{- end -}}

{{/* The name of what belongs to a version of the workers: takes root and tag. */}}
{{- define "billflow.workerName" -}}
{{- printf "%s-worker-%s" (include "billflow.name" .root) (.tag | lower | replace "." "-" | replace "_" "-") | trunc 63 | trimSuffix "-" -}}
{{- end -}}
