{{- /* Names and what all processes have in common. */ -}}

{{- define "ticketpulse.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "ticketpulse.selector" -}}
app.kubernetes.io/name: ticketpulse
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ticketpulse.labels" -}}
{{ include "ticketpulse.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "ticketpulse.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "ticketpulse.name" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- /* The processes that run on: name -> replicas, cpu, memory, command, and the port that is asked for health. */ -}}
{{- define "ticketpulse.processes" -}}
{{- range $stage, $size := .Values.stages }}
{{ $stage }}: {{ merge (dict "command" (list "worker" "--stage" $stage) "path" "/metrics" "port" 9100 "scaled" true) $size | toJson }}
{{- end }}
{{- range $sink, $size := .Values.sinks }}
{{ $sink }}-sink: {{ merge (dict "command" (list "sink" $sink) "path" "/metrics" "port" 9100) $size | toJson }}
{{- end }}
predict: {{ merge (dict "command" (list "predict" "run") "path" "/metrics" "port" 9100) .Values.predict | toJson }}
{{- if (.Values.mailbox).replicas }}
mailbox: {{ merge (dict "command" (list "source" "mailbox") "path" "/metrics" "port" 9100) .Values.mailbox | toJson }}
{{- end }}
{{- if (.Values.enrich).replicas }}
enrich: {{ merge (dict "command" (list "enrich") "path" "/metrics" "port" 9100) .Values.enrich | toJson }}
{{- end }}
gateway: {{ merge (dict "command" (list "serve" "gateway") "path" "/readyz" "alive" "/healthz" "port" 8080 "http" true) .Values.gateway | toJson }}
page: {{ merge (dict "command" (list "serve" "page") "path" "/readyz" "alive" "/healthz" "port" 8081 "http" true) .Values.page | toJson }}
{{- end -}}

{{- define "ticketpulse.environment" -}}
- name: KAFKA_BROKERS
  value: {{ required "kafka.brokers: host:port of the brokers" .Values.kafka.brokers | quote }}
- name: TICKETPULSE_HOST
  value: 0.0.0.0
- name: TICKETPULSE_METRICS_PORT
  value: "9100"
- name: TICKETPULSE_PARTITIONS
  value: {{ .Values.kafka.partitions | quote }}
- name: TICKETPULSE_REPLICATION
  value: {{ .Values.kafka.replication | quote }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "ticketpulse.pod" -}}
serviceAccountName: {{ include "ticketpulse.serviceAccount" . }}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
volumes:
  - {name: work, emptyDir: {}}
  - {name: tmp, emptyDir: {}}
  {{- range .Values.files }}
  - name: {{ .name }}
    {{- if .configMap }}
    configMap: {{ merge (dict "name" .configMap) (ternary (dict "items" .items) dict (hasKey . "items")) | toJson }}
    {{- else }}
    secret: {{ merge (dict "secretName" .secret) (ternary (dict "items" .items) dict (hasKey . "items")) | toJson }}
    {{- end }}
  {{- end }}
{{- end -}}

{{- define "ticketpulse.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- with .Values.settingsSecret }}
envFrom:
  - secretRef: {name: {{ . }}}
{{- end }}
volumeMounts:
  - {name: work, mountPath: /var/lib/ticketpulse}
  - {name: tmp, mountPath: /tmp}
  {{- range .Values.files }}
  - {name: {{ .name }}, mountPath: /etc/ticketpulse/{{ .name }}, readOnly: true}
  {{- end }}
{{- end -}}
